"""Word problems with step-by-step rationales for the tests of the app: our own templates, filled by a seed."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

NAMES = ("Ada", "Bela", "Chike", "Dina", "Emil", "Farah", "Goran", "Hana", "Iris", "Jonas", "Kofi", "Lena")


@dataclass(frozen=True)
class Problem:
    text: str
    rationale: str
    answer: str
    kind: int


def make_problems(count: int, seed: int = 7, joined: int = 1) -> list[Problem]:
    """`count` problems of five kinds, two to five steps each, in a fixed order; each of `joined` ones put together."""
    rng = random.Random(seed)
    return [_together([KINDS[i % len(KINDS)](rng, i % len(KINDS)) for _ in range(joined)]) for i in range(count)]


def _together(parts: list[Problem]) -> Problem:
    text, rationale = (" ".join(getattr(part, name) for part in parts) for name in ("text", "rationale"))
    return Problem(text, rationale, parts[-1].answer, parts[-1].kind)


def _orchard(rng: random.Random, kind: int) -> Problem:
    name, rows, trees, sold = rng.choice(NAMES), rng.randint(3, 9), rng.randint(4, 12), rng.randint(5, 11)
    total = rows * trees
    return Problem(
        f"{name} plants {rows} rows of pear trees with {trees} trees in each row, and sells {sold} of them. "
        f"How many pear trees does {name} still have?",
        "Let us first look at the rows. "
        f"There are {rows} rows with {trees} trees each, so {rows} * {trees} = {total} trees. "
        f"Next, {sold} of them are sold. That leaves {total} - {sold} = {total - sold} trees.",
        str(total - sold),
        kind,
    )


def _tickets(rng: random.Random, kind: int) -> Problem:
    name, adults, children = rng.choice(NAMES), rng.randint(2, 6), rng.randint(2, 9)
    price = 2 * rng.randint(3, 9)
    half = price // 2
    return Problem(
        f"A ferry ticket costs ${price} for an adult and half of that for a child. {name} buys {adults} adult and "
        f"{children} child tickets. How much does {name} pay?",
        f"A child's ticket costs {price} / 2 = {half} dollars. "
        f"The adults cost {adults} * {price} = {adults * price} dollars. "
        f"The children cost {children} * {half} = {children * half} dollars. "
        f"In total that is {adults * price} + {children * half} = {adults * price + children * half} dollars.",
        str(adults * price + children * half),
        kind,
    )


def _reading(rng: random.Random, kind: int) -> Problem:
    name, pages, days = rng.choice(NAMES), rng.randint(11, 29), rng.randint(3, 7)
    rest = rng.randint(14, 60)
    return Problem(
        f"{name} reads {pages} pages of a book every day for {days} days, and then has {rest} pages left. "
        "How long is the book?",
        f"In {days} days {name} reads {pages} * {days} = {pages * days} pages. "
        f"With the pages that are left, the book has {pages * days} + {rest} = {pages * days + rest} pages.",
        str(pages * days + rest),
        kind,
    )


def _bakery(rng: random.Random, kind: int) -> Problem:
    name, trays, rolls, bags = rng.choice(NAMES), rng.randint(3, 8), 6 * rng.randint(2, 5), 6
    total, burnt = trays * rolls, 6 * rng.randint(1, 3)
    good = total - burnt
    return Problem(
        f"{name} bakes {trays} trays of {rolls} rolls. {burnt} rolls burn, and the rest go into bags of {bags}. "
        "How many full bags are there?",
        f"We simply need to count the rolls.\nThere are {trays} * {rolls} = {total} rolls on the trays.\n"
        f"Of these {burnt} burn, so {total} - {burnt} = {good} are good.\nEach bag takes {bags} rolls.\n"
        f"So there are {good} / {bags} = {good // bags} bags.",
        str(good // bags),
        kind,
    )


def _marbles(rng: random.Random, kind: int) -> Problem:
    first, second = rng.sample(NAMES, 2)
    few, times, more = rng.randint(4, 15), rng.randint(2, 4), rng.randint(3, 12)
    many = few * times
    return Problem(
        f"{first} has {few} marbles. {second} has {times} times as many, and finds {more} more. "
        "How many marbles do they have together?",
        f"{second} starts with {few} * {times} = {many} marbles. "
        f"After finding {more} more there are {many} + {more} = {many + more}. "
        f"Together with the {few} of {first} they have {many + more} + {few} = {many + more + few} marbles.",
        str(many + more + few),
        kind,
    )


KINDS: tuple[Callable[[random.Random, int], Problem], ...] = (_orchard, _tickets, _reading, _bakery, _marbles)
