"""The words of the small world: who, what, where, and what is said besides."""

from __future__ import annotations

NAMES = (
    "Ada", "Ben", "Cleo", "Dan", "Eva", "Finn", "Gita", "Hugo", "Ida", "Jill", "Kim", "Leo", "Mia", "Noor", "Omar",
    "Pia", "Quin", "Rosa", "Sami", "Tess", "Uma", "Vera", "Wim", "Yara",
)  # fmt: skip
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
COLOURS = ("red", "blue", "green", "white", "black", "brown", "grey", "pink", "yellow", "purple")
ITEMS = (
    "apples", "pears", "plums", "stamps", "shells", "marbles", "pens", "cards", "coins", "beads", "stones", "nuts",
    "eggs", "lemons", "roses", "books", "stickers", "buttons", "candles", "kiwis", "leaves", "corks", "bells", "balls",
)  # fmt: skip
CONTAINERS = (
    ("box", "boxes"), ("bag", "bags"), ("basket", "baskets"), ("jar", "jars"), ("crate", "crates"), ("tin", "tins"),
)  # fmt: skip
GOODS = (
    ("cup", "cups"), ("hat", "hats"), ("lamp", "lamps"), ("map", "maps"), ("kite", "kites"), ("spoon", "spoons"),
    ("scarf", "scarves"), ("brush", "brushes"), ("vase", "vases"), ("drum", "drums"), ("rug", "rugs"),
    ("belt", "belts"),
)  # fmt: skip
ACTIONS = (
    ("picks", "pick"), ("sells", "sell"), ("finds", "find"), ("paints", "paint"), ("counts", "count"),
    ("washes", "wash"),
)  # fmt: skip
GAINS = ("buys", "finds", "gets", "wins")
LOSSES = ("gives {k} {item} to {other}", "sells {k} {item}", "loses {k} {item}", "uses {k} {item}")

FILLERS = (
    "next, we just need to simply note that",
    "now we can easily see that",
    "okay, it is quite clear that",
    "well, all we have to do is say that",
    "as anybody can tell,",
    "going on from there, we find that",
    "let us see:",
    "so",
    "then",
    "now",
)
IRRELEVANT = (
    "the sun is shining today",
    "it is a lovely day",
    "{name} likes music",
    "the street is very quiet",
    "birds are singing in the garden",
    "{name} wears a warm coat",
    "{name} is in a good mood",
    "everybody enjoys the weather",
)
DISTRACTORS = (
    "{name} lives in house number {k}",
    "the bus of {name} takes {k} minutes",
    "{name} was born {k} years ago",
    "the train has {k} seats",
)
