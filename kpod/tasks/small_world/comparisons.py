"""Stories in which one quantity is told by another: people, days, boxes, prices.

Ada has 12 kiwis. Ben has 5 more kiwis than Ada. Cleo has twice as many kiwis as Ben. How many kiwis does Cleo have?
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from kpod.tasks.small_world import words
from kpod.tasks.small_world.options import WorldOptions
from kpod.tasks.small_world.plans import Lookup, NoSuchNumbers, Plan, Quantity, Statement, name, number, unit
from kpod.tasks.small_world.relations import Relation, draw_divisor, draw_relation
from kpod.tasks.small_world.roles import Piece


@dataclass(frozen=True)
class Skin:
    """How a comparison story speaks. Slots: `{s}` a subject, `{who}` the person, `{q}` a quantity phrase.

    holds: a subject with its quantity. refer: a subject behind "than" and "as". ask: "how many ... `ask`", and
    ask_pair of two subjects. verb slots are filled by `slots`.
    """

    story: str
    subjects: tuple[str, ...]
    holds: tuple[str, ...]
    refer: str
    ask: str
    ask_pair: str
    slots: dict[str, Piece]
    plurals: dict[str, str]


def draw_skin(rng: random.Random, story: str, num_steps: int) -> Skin:
    """The story's words: subjects enough in an order of their own, an item, and whoever else takes part."""
    num = max(8, num_steps + 1)
    who = rng.choice(words.NAMES)
    slots = {"item": unit(rng.choice(words.ITEMS)), "who": name(who)}
    if story == "people":
        return Skin(story, tuple(rng.sample(words.NAMES, num)), ("{s} has {q}", "{s} owns {q}"), "{s}", "does {s} have",
                    "do {x} and {y} have", slots, {})  # fmt: skip
    if story == "days":
        third, plain = rng.choice(words.ACTIONS)
        slots |= {"does": Piece(third, "other"), "do": Piece(plain, "other")}
        return Skin(story, words.DAYS, ("on {s}, {who} {does} {q}", "on {s} {who} {does} {q}"), "on {s}",
                    "does {who} {do} on {s}", "does {who} {do} on {x} and on {y}", slots, {})  # fmt: skip
    if story == "boxes":
        slots["box"] = unit(rng.choice(words.CONTAINERS)[0])
        return Skin(story, tuple(rng.sample(words.COLOURS, num)), ("the {s} {box} holds {q}",), "the {s} {box}",
                    "does the {s} {box} hold", "do the {x} and the {y} {box} hold", slots, {})  # fmt: skip
    assert story == "prices", story
    goods = rng.sample(words.GOODS, num)
    slots["item"] = unit("coins")
    return Skin(story, tuple(one for one, _ in goods), ("a {s} costs {q}", "a {s} is sold for {q}"), "a {s}",
                "does a {s} cost", "do a {x} and a {y} cost", slots, dict(goods))  # fmt: skip


class Comparison:
    """A plan of a comparison story as it grows: subjects are used up in their order."""

    def __init__(self, rng: random.Random, skin: Skin, options: WorldOptions):
        self.rng, self.skin, self.options = rng, skin, options
        self.plan = Plan(skin.story)
        self.unused = list(skin.subjects)
        self.quantities: list[Quantity] = []

    def slots(self, **more: str) -> dict[str, Piece]:
        return {**self.skin.slots, **{key: name(value) for key, value in more.items()}}

    def holds(self, phrases: tuple[str, ...], slots: dict[str, Piece], refer: str = "") -> Statement:
        """The subject `{s}` with each of the quantity phrases."""
        templates = [
            frame.replace("{q}", phrase.replace("{ref}", refer)) for frame in self.skin.holds for phrase in phrases
        ]
        return Statement(tuple(templates), slots)

    def add_base(self, value: int) -> Quantity:
        """A quantity that the question gives."""
        subject = self.unused.pop(0)
        fact = self.holds(("{k} {item}",), {**self.slots(s=subject), "k": number(value)})
        self.plan.facts.append(fact)
        self.plan.lookups.append(Lookup(self.asking(self.skin.ask, s=subject), fact, value))
        self.quantities.append(Quantity(value, None, subject))
        return self.quantities[-1]

    def add_relation(self, to: Quantity | None = None) -> Quantity:
        """A quantity that follows from the last one, or from another."""
        last, subject = to or self.quantities[-1], self.unused.pop(0)
        relation = draw_relation(self.rng, last.value, self.options)
        slots = {**self.slots(s=subject, old=last.subject), "k": number(relation.number)}
        fact = self.holds(relation.phrases, slots, self.skin.refer.replace("{s}", "{old}"))
        self.plan.facts.append(fact)
        self.quantities.append(self._calculate(relation, last, subject, fact))
        return self.quantities[-1]

    def _calculate(self, relation: Relation, last: Quantity, subject: str, fact: Statement) -> Quantity:
        given = Quantity(relation.number)
        left, right = (given, last) if relation.given_first else (last, given)
        told = self.holds(("{eq} {item}",), self.slots(s=subject)).templates
        reverse = tuple(f"{{eq}}, which means {each}" for each in self.holds(("{c} {item}",), {}).templates)
        statement = Statement((*told, *told, *reverse), self.slots(s=subject))
        return self.plan.calculate(
            relation.operation, relation.name, left, right, statement, fact,
            largest=self.options.largest_number, subject=subject, ask=self.asking(self.skin.ask, s=subject),
        )  # fmt: skip

    def asking(self, question: str, **slots: str) -> Statement:
        return Statement((f"how many {{item}} {question}",), self.slots(**slots))

    def ask(self, question: str, **slots: str) -> None:
        self.plan.ask = self.asking(question, **slots)

    def total(self, left: Quantity, right: Quantity, *, last: bool = True) -> Quantity:
        """Both together; in the last step the question asks for it."""
        pair = self.skin.ask_pair
        statement = Statement(
            ("<in total> this is {eq} {item}", "the <total> is {eq} {item}", "<together> this makes {eq} {item}"),
            self.slots(),
        )
        if last:
            self.plan.ask = Statement(
                (f"how many {{item}} {pair} <in total>", f"how many {{item}} {pair} <altogether>"),
                self.slots(x=left.subject, y=right.subject),
            )
        return self.plan.calculate("add", "total", left, right, statement, None, largest=self.options.largest_number)

    def difference(self, left: Quantity, right: Quantity) -> None:
        """How much more the larger of two is."""
        larger, smaller = (left, right) if left.value > right.value else (right, left)
        statement = Statement(("the <difference> is {eq} {item}", "this is {eq} {item} <more>"), self.slots())
        than = self.skin.refer.replace("{s}", "{y}")
        self.plan.ask = Statement(
            (f"how many <more> {{item}} {self.skin.ask.replace('{s}', '{x}')} than {than}",),
            self.slots(x=larger.subject, y=smaller.subject),
        )
        self.plan.calculate("subtract", "difference", larger, smaller, statement, None,
                            largest=self.options.largest_number)  # fmt: skip

    def share(self, quantity: Quantity) -> None:
        """The last quantity shared out among children."""
        number_of = draw_divisor(self.rng, quantity.value)
        if number_of is None:
            raise NoSuchNumbers
        source = {"people": "of {s}", "days": "from {s}", "boxes": "in the {s} {box}"}[self.skin.story]
        slots = {**self.slots(s=quantity.subject), "k": number(number_of)}
        fact = Statement((f"the {{item}} {source} are <shared equally> by {{k}} children",), slots)
        self.plan.facts.append(fact)
        told = ("<each> child gets {eq} {item}", "{eq}, which means <each> child gets {c} {item}")
        statement = Statement(told, self.slots())
        self.plan.calculate("divide", "share", quantity, Quantity(number_of), statement, fact,
                            largest=self.options.largest_number)  # fmt: skip
        self.ask("does <each> child get")

    def buy(self, price: Quantity, *, change: bool) -> None:
        """Several pieces at the last price; `change`: what is left of the money."""
        largest = self.options.largest_number
        if 2 * price.value > largest:
            raise NoSuchNumbers
        count = self.rng.randint(2, min(9, largest // price.value))
        plural = unit(self.skin.plurals[price.subject])
        slots = {**self.slots(), "k": number(count), "goods": plural}
        fact = Statement(("{who} buys {k} {goods}",), slots)
        self.plan.facts.append(fact)
        statement = Statement(("{who} pays {eq} {item}", "the {k} {goods} cost {eq} {item}"), slots)
        paid = self.plan.calculate("multiply", "price", Quantity(count), price, statement, fact, largest=largest)
        self.ask("does {who} pay")
        if change:
            if paid.value + 2 > largest:
                raise NoSuchNumbers
            money = Quantity(self.rng.randint(paid.value + 2, largest))
            fact = Statement(("{who} had {k} {item}",), {**self.slots(), "k": number(money.value)})
            self.plan.facts.append(fact)
            statement = Statement(("{who} has {eq} {item} <left>", "this <leaves> {eq} {item}"), self.slots())
            self.plan.calculate("subtract", "change", money, paid, statement, fact, largest=largest)
            self.ask("does {who} have <left>")


ENDINGS = {"value": 0, "total": 1, "difference": 1, "share": 1, "total_of_three": 2, "buy": 1, "change": 2}
"""Steps that each way to end a comparison story takes."""


def comparison_plan(rng: random.Random, story: str, num_steps: int, options: WorldOptions) -> Plan:
    """A plan of exactly `num_steps` calculations, each of them needed. Raises NoSuchNumbers where numbers run out."""
    prices = story == "prices"
    left_out = ("share",) if prices else ("buy", "change")
    endings = [ending for ending, steps in ENDINGS.items() if steps <= num_steps and ending not in left_out]
    ending = rng.choices(endings, [2 if each == "value" else 1 for each in endings])[0]
    world = Comparison(rng, draw_skin(rng, story, num_steps), options)
    world.add_base(rng.randint(3, min(40, options.largest_number // 2)))
    for _ in range(num_steps - ENDINGS[ending]):
        world.add_relation()
    _end(world, ending)
    return world.plan


def _end(world: Comparison, ending: str) -> None:
    last = world.quantities[-1]
    if ending == "value":
        world.ask(world.skin.ask, s=last.subject)
    elif ending in ("total", "difference"):
        # The difference to the one before is what the question says anyway: no step would be needed.
        earlier = world.quantities[: -1 if ending == "total" else -2]
        if not earlier or world.rng.random() < 0.4:
            other = world.add_base(world.rng.randint(2, world.options.largest_number // 2))
        else:
            other = world.rng.choice(earlier)
        if ending == "total":
            world.total(*sorted((other, last), key=world.quantities.index))
        else:
            world.difference(other, last)
    elif ending == "total_of_three":
        while len(world.quantities) < 3:
            world.add_base(world.rng.randint(2, world.options.largest_number // 3))
        first, second, third = world.quantities[-3:]
        pair = world.total(first, second, last=False)
        world.total(pair, third)
        three = world.skin.ask_pair.replace("{x} and", "{w}, {x} and", 1)
        if world.skin.story != "people":
            three = _three_of(world.skin)
        slots = world.slots(w=first.subject, x=second.subject, y=third.subject)
        asked = (f"how many {{item}} {three} <in total>", f"how many {{item}} {three} <altogether>")
        world.plan.ask = Statement(asked, slots)
    elif ending == "share":
        world.share(last)
    else:
        world.buy(last, change=ending == "change")


def _three_of(skin: Skin) -> str:
    return {
        "days": "does {who} {do} on {w}, on {x} and on {y}",
        "boxes": "do the {w}, the {x} and the {y} {box} hold",
        "prices": "do a {w}, a {x} and a {y} cost",
    }[skin.story]
