"""How one quantity follows from another: "5 more than", "twice as many as", with the numbers that fit."""

from __future__ import annotations

import random
from dataclasses import dataclass

from kpod.tasks.small_world.options import WorldOptions


@dataclass(frozen=True)
class Relation:
    """A relation with its number. `given_first`: the number is the left operand, as in 2 * 17 for "twice".

    phrases: what stands where a plain quantity would ("{k} {item}"); `{ref}` is the quantity related to.
    """

    name: str
    operation: str
    number: int
    phrases: tuple[str, ...]
    given_first: bool = False


_PHRASES = {
    "more": ("{k} <more> {item} than {ref}", "{k} {item} <more> than {ref}"),
    "fewer": ("{k} <fewer> {item} than {ref}", "{k} {item} <less> than {ref}"),
    "twice": ("<twice> as many {item} as {ref}", "<two times> as many {item} as {ref}"),
    "triple": ("<three times> as many {item} as {ref}", "<thrice> as many {item} as {ref}"),
    "times": ("{k} <times> as many {item} as {ref}",),
    "half": ("<half> as many {item} as {ref}", "only <half> as many {item} as {ref}"),
    "third": ("<a third> as many {item} as {ref}", "only <a third> as many {item} as {ref}"),
}
_WEIGHTS = {"more": 10, "fewer": 10, "twice": 7, "triple": 5, "times": 4, "half": 9, "third": 7}


def draw_relation(rng: random.Random, value: int, options: WorldOptions) -> Relation:
    """A relation to `value` whose result is a whole number from 2 to the largest allowed."""
    largest, change = options.largest_number, options.largest_change
    fitting = {
        "more": min(change, largest - value) >= 2,
        "fewer": value >= 4,
        "twice": 2 * value <= largest,
        "triple": 3 * value <= largest,
        "times": 4 * value <= largest,
        "half": value % 2 == 0 and value >= 4,
        "third": value % 3 == 0 and value >= 6,
    }
    names = [name for name, fits in fitting.items() if fits]
    chosen = rng.choices(names, [_WEIGHTS[name] for name in names])[0]
    phrases = _PHRASES[chosen]
    if chosen == "more":
        return Relation(chosen, "add", rng.randint(2, min(change, largest - value)), phrases)
    if chosen == "fewer":
        return Relation(chosen, "subtract", rng.randint(2, min(change, value - 2)), phrases)
    if chosen == "times":
        return Relation(chosen, "multiply", rng.randint(4, min(9, largest // value)), phrases, given_first=True)
    if chosen in ("twice", "triple"):
        return Relation(chosen, "multiply", 2 if chosen == "twice" else 3, phrases, given_first=True)
    return Relation(chosen, "divide", 2 if chosen == "half" else 3, phrases)


def draw_divisor(rng: random.Random, value: int) -> int | None:
    """A number from 2 to 9 that divides `value` into parts of at least 2; None where there is none."""
    divisors = [number for number in range(2, 10) if value % number == 0 and value // number >= 2]
    return rng.choice(divisors) if divisors else None
