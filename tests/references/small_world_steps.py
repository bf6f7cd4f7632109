"""Which calculations a question of the small world calls for, read from its words: operands, and where each is from.

Like the solver beside it, it shares no code and no word list with the generator. Facts must stand in their order
(`shuffled_share` 0), as a solution is told in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from fractions import Fraction
from typing import NamedTuple

from tests.references.small_world_solver import _COMPARED, _SUBJECT, EQUATION, FACTORS, SHARED, calculate


class Number(NamedTuple):
    """A number and whether it is given by the question (`number`) or the result of a step before (`earlier`)."""

    value: Fraction
    role: str


class Call(NamedTuple):
    left: Number
    symbol: str
    right: Number


class _Solution:
    def __init__(self) -> None:
        self.calls: list[Call] = []

    def calculate(self, left: Number, symbol: str, right: Number) -> Number:
        self.calls.append(Call(left, symbol, right))
        return Number(calculate(left.value, symbol, right.value), "earlier")


def given(value: object) -> Number:
    return Number(Fraction(value), "number")


def calls_for(question: str, story: str) -> list[Call]:
    """The calculations in their order."""
    *facts, asked = re.split(r"(?<=[.?]) ", question)
    solution = _Solution()
    solve = _events if story == "events" else _comparison
    solve(solution, [fact.rstrip(".") for fact in facts], asked.rstrip("?"), story)
    return solution.calls


def _comparison(solution: _Solution, facts: list[str], asked: str, story: str) -> None:
    amounts: dict[str, Number] = {}
    paid: Number | None = None
    for fact in facts:
        if found := re.fullmatch(SHARED, fact):
            solution.calculate(amounts[found[1]], "/", given(found[2]))
        elif found := re.fullmatch(r"[A-Z]\w+ buys (\d+) (\w+)", fact):
            price = next(number for good, number in amounts.items() if found[2][:3] == good[:3])
            paid = solution.calculate(given(found[1]), "*", price)
        elif paid is not None and (found := re.fullmatch(r"[A-Z]\w+ had (\d+) coins", fact)):
            solution.calculate(given(found[1]), "-", paid)
        elif found := re.fullmatch(_SUBJECT[story], fact):
            number = _quantity(solution, found["q"], amounts)
            if number is not None:
                amounts[found["s"]] = number
    if paid is not None or any(re.fullmatch(SHARED, fact) for fact in facts):
        return
    first, *others = [amounts[word] for word in re.findall(r"\w+", asked) if word in amounts]
    if "in total" in asked or "altogether" in asked:
        for other in others:
            first = solution.calculate(first, "+", other)
    elif "How many more" in asked:
        solution.calculate(first, "-", others[0])


def _quantity(solution: _Solution, phrase: str, amounts: dict[str, Number]) -> Number | None:
    """What a subject is said to have; None for a distractor."""
    if re.fullmatch(r"\d+ \w+", phrase):
        return given(phrase.split()[0])
    found = _COMPARED.fullmatch(phrase)
    if found is None:
        return None
    other = amounts[found["day"] or found["box"] or found["good"] or found["person"]]
    if found["k"]:
        return solution.calculate(other, "+" if found["sign"] == "more" else "-", given(found["k"]))
    times = found["times"]
    factor = Fraction(times.split()[0]) if times[0].isdigit() else Fraction(FACTORS[times])
    if factor < 1:
        return solution.calculate(other, "/", given(1 / factor))
    return solution.calculate(given(factor), "*", other)


def _events(solution: _Solution, facts: list[str], asked: str, story: str) -> None:
    now: Number | None = None
    for fact in facts:
        if found := re.fullmatch(r"\w+ (?:has|fills|buys) (\d+) \w+ with (\d+) \w+ each", fact):
            new = solution.calculate(given(found[1]), "*", given(found[2]))
            now = new if now is None else solution.calculate(now, "+", new)
        elif now is None:
            found = re.fullmatch(r"\w+ (?:has|starts with) (\d+) \w+", fact)
            now = given(found[1]) if found else None
        elif found := re.fullmatch(r"\w+ (?:buys|finds|gets|wins) (\d+) more \w+", fact):
            now = solution.calculate(now, "+", given(found[1]))
        elif found := re.fullmatch(r"\w+ (?:gives|sells|loses|uses) (\d+) \w+(?: to \w+)?", fact):
            now = solution.calculate(now, "-", given(found[1]))
        elif re.fullmatch(r"\w+ (?:gives|loses) half of the \w+(?: to \w+)?", fact):
            now = solution.calculate(now, "/", given(2))
        elif found := re.fullmatch(r"Then the number of \w+ (doubles|triples)", fact):
            now = solution.calculate(given(2 if found[1] == "doubles" else 3), "*", now)
        elif found := re.fullmatch(r"\w+ packs the \w+ equally into (\d+) \w+", fact):
            solution.calculate(now, "/", given(found[1]))


def check_references(question: str, story: str, rationale: str, roles: Iterable[tuple[int, int, str]]) -> list[str]:
    """What of the equations is not what the question calls for: a number, an operation, or where a number is from."""
    role_at = {start: role for start, _, role in roles}
    told = [
        Call(
            Number(Fraction(found[1]), role_at.get(found.start(1), "no role")),
            found[2],
            Number(Fraction(found[3]), role_at.get(found.start(3), "no role")),
        )
        for found in EQUATION.finditer(rationale)
    ]
    wanted = calls_for(question, story)
    wrong = [f"{len(told)} calculations, not {len(wanted)}"] if len(told) != len(wanted) else []
    for number, (call, expected) in enumerate(zip(told, wanted, strict=False), start=1):
        reversible = call.symbol in "+*"
        turned = Call(expected.right, expected.symbol, expected.left)
        if call != expected and not (reversible and call == turned):
            wrong.append(f"calculation {number} is {_words(call)}, not {_words(expected)}")
    return wrong


def _words(call: Call) -> str:
    return f"{call.left.value} ({call.left.role}) {call.symbol} {call.right.value} ({call.right.role})"
