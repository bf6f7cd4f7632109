"""A rationale checked step by step: what each step's arithmetic shows, and numbers that come from nowhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from kpod.step_checking.equations import HOLDS, UNCHECKED, WRONG, Equation, find_equations
from kpod.step_checking.tokens import BOUNDARY, EQUALS, NUMBER, WORD, Token, tokenise
from kpod.step_splitting import split_steps

# Everybody's numbers: counts of one and two, percentages, and what days, weeks, years, hours and dozens hold.
_COMMON = frozenset(map(Fraction, (0, 1, 2, 7, 10, 12, 24, 30, 52, 60, 100, 365, 1000)))
_SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty"
)
_TENS = "thirty forty fifty sixty seventy eighty ninety hundred"
_WORDS = {word: Fraction(value) for value, word in enumerate(_SMALL.split())}
_WORDS |= {word: Fraction(10 * value) for value, word in enumerate(_TENS.split(), start=3)}
_WORDS |= {"half": Fraction(1, 2), "quarter": Fraction(1, 4), "third": Fraction(1, 3), "triple": Fraction(3)}


@dataclass(frozen=True)
class CheckedStep:
    """start, end: the step's characters. `verdict`: holds, wrong or not checked, by its equations alone.

    `unexplained`: characters of numbers that neither the question has nor anything before computes or names; a hint,
    for a student may well have worked something out unsaid.
    """

    start: int
    end: int
    verdict: str
    equations: tuple[Equation, ...]
    unexplained: tuple[tuple[int, int], ...]


def check_steps(text: str, question: str = "", mode: str = "sentence") -> list[CheckedStep]:
    """Every step of a rationale with its verdict; `mode` is how steps are split (kpod.step_splitting).

    A step is wrong where one of its equations is, holds where it has some that can be checked and none is wrong, and is
    not checked otherwise: a step without arithmetic is never called right.
    """
    known = _numbers_of_question(question)
    checked = []
    for start, end in split_steps(text, mode):
        tokens = tokenise(text, start, end)
        equations = find_equations(tokens)
        checked.append(CheckedStep(start, end, _verdict(equations), tuple(equations), _unexplained(tokens, known)))
    return checked


def first_wrong_step(steps: Sequence[CheckedStep]) -> int | None:
    """Index of the first step whose arithmetic is wrong; None where no step shows that."""
    return next((number for number, step in enumerate(steps) if step.verdict == WRONG), None)


def numbers_apart(text: str, reference: str) -> list[tuple[int, int]]:
    """Characters of the text's numbers whose value stands nowhere in `reference`: where two rationales part."""
    known = {token.value for token in tokenise(reference) if token.kind == NUMBER}
    return [
        (token.start, token.end)
        for token in tokenise(text)
        if token.kind == NUMBER and token.value is not None and token.value not in known
    ]


def _verdict(equations: Sequence[Equation]) -> str:
    verdicts = {equation.verdict for equation in equations}
    return WRONG if WRONG in verdicts else HOLDS if HOLDS in verdicts else UNCHECKED


def _numbers_of_question(question: str) -> set[Fraction]:
    known = set(_COMMON)
    for token in tokenise(question):
        if token.kind == NUMBER and token.value is not None:
            known |= {token.value, token.value / 100} if token.percent else {token.value}
        elif token.kind == WORD:
            parts = [_WORDS[part] for part in token.text.lower().split("-") if part in _WORDS]
            known |= {*parts, sum(parts, Fraction(0))}  # forty-five
    return known


def _unexplained(tokens: Sequence[Token], known: set[Fraction]) -> tuple[tuple[int, int], ...]:
    """Numbers of a step that come from nowhere; what stands behind an equals sign is computed. Adds all to `known`."""
    found = []
    is_result = False
    for position, token in enumerate(tokens):
        if token.kind == NUMBER and token.value is not None:
            if not is_result and token.value not in known and not _numbers_the_step(tokens, position):
                found.append((token.start, token.end))
            known.add(token.value)
            if token.percent:
                known.add(token.value / 100)
        is_result = token.kind == EQUALS
    return tuple(found)


def _numbers_the_step(tokens: Sequence[Token], position: int) -> bool:
    """Whether it is the 3 of "3. ..." or "Step 3: ..."."""
    before = [token.text.lower() for token in tokens[:position]]
    after = tokens[position + 1].text if position + 1 < len(tokens) else ""
    is_first = all(token.kind == BOUNDARY for token in tokens[:position])
    return (is_first and after in (".", ")", ":")) or before[-1:] in (["step"], ["part"], ["case"])
