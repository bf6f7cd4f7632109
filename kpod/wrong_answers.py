"""Where a wrong answer parts from the solution: the first calculation that is wrong, another one, missing or too much.

Calculations are those that a text states as equations ("25 - 8 = 17"), read by `kpod.step_checking`, and are the same
where their left sides come to the same number. A solution may be reached in several ways: for one wrong answer the
first departure is where to look, not a proof of what was wrong; over many it tells students apart. No torch.
"""

from __future__ import annotations

from functools import lru_cache

import pandas as pd

from kpod.results import RIGHT
from kpod.statistics import wilson_interval
from kpod.step_checking.equations import WRONG, Equation
from kpod.step_checking.steps import check_steps

EARLY, LATE = "stops too early", "goes on too long"
OTHER, ARITHMETIC = "calculates something else", "calculates wrongly"
SAME, UNCHECKED = "same calculations, other answer", "no calculations to compare"
DEPARTURES = (OTHER, ARITHMETIC, EARLY, LATE, SAME, UNCHECKED)


def departure(output: str, solution: str | None) -> str:
    """The first departure, one of DEPARTURES, of an output with a wrong answer from the gold or teacher's solution."""
    theirs = _calculations(solution or "")
    if not theirs:
        return UNCHECKED
    ours = _calculations(output)
    for mine, wanted in zip(ours, theirs, strict=False):
        if mine.computed != wanted.computed:
            return OTHER
        if mine.verdict == WRONG:
            return ARITHMETIC
    if len(ours) == len(theirs):
        return SAME
    return EARLY if len(ours) < len(theirs) else LATE


def departures(answers: pd.DataFrame) -> pd.Series:
    """The departure of every answer of a `kpod.results.answer_table`; "right" for right ones. On its index."""
    return pd.Series(
        [
            RIGHT if correct else departure(output, solution if isinstance(solution, str) else None)
            for correct, output, solution in zip(
                answers["correct"], answers["output"], answers["rationale"], strict=True
            )
        ],
        index=answers.index,
        dtype=object,
    )


def departure_table(answers: pd.DataFrame) -> pd.DataFrame:
    """A row an evaluation set, student and departure that occurs in either.

    Columns: evaluation_set, student, departure, questions (with it), share (of all of the set's), low, high (95%
    Wilson).
    """
    found = answers.assign(departure=departures(answers))
    rows = []
    for evaluation_set, of_set in found.groupby("evaluation_set", sort=False):
        kinds = [kind for kind in DEPARTURES if (of_set["departure"] == kind).any()]
        for student, each in of_set.groupby("student", sort=False):
            for kind in kinds:
                count = int((each["departure"] == kind).sum())
                interval = wilson_interval(count, len(each))
                rows.append([evaluation_set, student, kind, count, count / len(each), *interval])
    columns = ["evaluation_set", "student", "departure", "questions", "share", "low", "high"]
    return pd.DataFrame(rows, columns=columns)


@lru_cache(maxsize=50_000)
def _calculations(text: str) -> tuple[Equation, ...]:
    steps = check_steps(text)
    return tuple(equation for step in steps for equation in step.equations if equation.computed is not None)
