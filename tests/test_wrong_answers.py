"""Where wrong answers part from the solution: every kind by hand, and what the tables count."""

from __future__ import annotations

import pandas as pd
import pytest

from kpod.results import BASE, DISTILLED, RIGHT
from kpod.statistics import wilson_interval
from kpod.wrong_answers import (
    ARITHMETIC,
    EARLY,
    LATE,
    OTHER,
    SAME,
    UNCHECKED,
    departure,
    departure_table,
    departures,
)

SOLUTION = "Finn owns 25 - 8 = 17 stones. In total this is 17 + 25 = 42 stones."


@pytest.mark.parametrize(
    ("output", "kind"),
    [
        ("Finn owns 25 - 8 = 17 stones.", EARLY),
        ("", EARLY),
        ("Finn has many stones.", EARLY),
        (SOLUTION + " Then 42 - 2 = 40.", LATE),
        ("Finn owns 25 + 8 = 33 stones. In total this is 33 + 25 = 58 stones.", OTHER),
        ("Finn owns 25 - 8 = 18 stones. In total this is 18 + 25 = 43 stones.", ARITHMETIC),
        ("Finn owns 25 - 9 = 17 stones.", OTHER),  # both: what was calculated comes before what came out
        ("So 25-8=17. Then 17 + 25 = 42. The answer is 41.", SAME),
        ("So 8 + 9 = 17. Then 17 + 25 = 42.", SAME),  # known by what the left side comes to alone
    ],
)
def test_every_departure(output, kind):
    assert departure(output, SOLUTION) == kind


@pytest.mark.parametrize("solution", [None, "", "Fish live in water, so it is (b)."])
def test_a_solution_without_calculations_cannot_be_compared(solution):
    assert departure("So 1 + 1 = 3.", solution) == UNCHECKED


def test_what_cannot_be_checked_is_passed_over():
    assert departure("x = 3y. Finn owns 25 - 8 = 17 stones.", SOLUTION) == EARLY


def answers() -> pd.DataFrame:
    first = SOLUTION.split(". ")[0]
    rows = [
        ("a", DISTILLED, True, "So 3.", "x"),
        ("a", DISTILLED, False, first + ".", SOLUTION),
        ("a", DISTILLED, False, first + ".", SOLUTION),
        ("a", DISTILLED, False, "So 3 + 3 = 6.", SOLUTION),
        ("a", BASE, False, "No idea.", SOLUTION),
        ("b", DISTILLED, False, "Water.", None),
    ]
    return pd.DataFrame(
        rows, columns=["evaluation_set", "student", "correct", "output", "rationale"], index=range(5, 11)
    )


def test_right_answers_part_nowhere():
    found = departures(answers())
    assert found.tolist() == [RIGHT, EARLY, EARLY, OTHER, EARLY, UNCHECKED] and found.index.tolist() == [*range(5, 11)]


def test_shares_are_of_all_questions_of_the_set_and_student():
    table = departure_table(answers())
    assert table[["evaluation_set", "student", "departure", "questions"]].to_numpy().tolist() == [
        ["a", DISTILLED, OTHER, 1],
        ["a", DISTILLED, EARLY, 2],
        ["a", BASE, OTHER, 0],
        ["a", BASE, EARLY, 1],
        ["b", DISTILLED, UNCHECKED, 1],
    ]
    assert table["share"].tolist() == [0.25, 0.5, 0, 1, 1]
    assert table[["low", "high"]].to_numpy()[1] == pytest.approx(wilson_interval(2, 4))


def test_all_right_is_a_table_without_rows():
    table = departure_table(answers().iloc[:1])
    assert table.empty and "departure" in table
