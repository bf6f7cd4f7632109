"""What a problem is before it is told: facts, a question and calculations, as statements with several wordings."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field

from kpod.tasks.small_world.roles import Piece, fill

SYMBOLS = {"add": "+", "subtract": "-", "multiply": "*", "divide": "/"}


class NoSuchNumbers(Exception):
    """The numbers drawn so far leave no way on; the plan is drawn anew."""


@dataclass(frozen=True)
class Quantity:
    """A number of the problem: whose it is, and the step (from 0) that computes it; None: the question gives it."""

    value: int
    step: int | None = None
    subject: str = ""

    def piece(self) -> Piece:
        return Piece(str(self.value), "number" if self.step is None else "earlier")


@dataclass(frozen=True)
class Statement:
    """Wordings of one thing, without capital and full stop, and what fills their slots."""

    templates: tuple[str, ...]
    slots: Mapping[str, Piece]

    def tell(self, rng: random.Random, **more: Piece | list[Piece]) -> list[Piece]:
        return fill(rng.choice(self.templates), {**self.slots, **more})


@dataclass(frozen=True)
class Calculation:
    """left (operation) right = result; `relation` says what called for it ("twice", "more", "total", ...)."""

    operation: str
    relation: str
    left: Quantity
    right: Quantity
    result: int

    def pieces(self) -> list[Piece]:
        space = Piece(" ", "other")
        operator, equals = Piece(SYMBOLS[self.operation], "operator"), Piece("=", "operator")
        result = Piece(str(self.result), "result")
        return [self.left.piece(), space, operator, space, self.right.piece(), space, equals, space, result]


@dataclass(frozen=True)
class Step:
    """A calculation, how it is told (slots `eq` and `c` are its own), the fact it rests on, and what asks for it."""

    calculation: Calculation
    statement: Statement
    fact: Statement | None
    ask: Statement | None = None


@dataclass(frozen=True)
class Lookup:
    """A quantity that a fact gives, and the question that asks for it."""

    ask: Statement
    fact: Statement
    value: int


@dataclass
class Plan:
    """A problem as it grows. `ask` is the question proper, set last."""

    story: str
    facts: list[Statement] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    lookups: list[Lookup] = field(default_factory=list)
    ask: Statement | None = None

    def calculate(
        self,
        operation: str,
        relation: str,
        left: Quantity,
        right: Quantity,
        statement: Statement,
        fact: Statement | None,
        *,
        largest: int,
        subject: str = "",
        ask: Statement | None = None,
    ) -> Quantity:
        """Add a step and return what it computes. Raises NoSuchNumbers where the result is below 2 or too large."""
        exact = {"add": left.value + right.value, "subtract": left.value - right.value,
                 "multiply": left.value * right.value, "divide": left.value / right.value}[operation]  # fmt: skip
        if exact != int(exact) or not 2 <= exact <= largest:
            raise NoSuchNumbers
        self.steps.append(Step(Calculation(operation, relation, left, right, int(exact)), statement, fact, ask))
        return Quantity(int(exact), len(self.steps) - 1, subject)


def number(value: int) -> Piece:
    return Piece(str(value), "number")


def name(text: str) -> Piece:
    return Piece(text, "name")


def unit(text: str) -> Piece:
    return Piece(text, "unit")
