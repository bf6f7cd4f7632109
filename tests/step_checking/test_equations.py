"""Equations in steps: what holds, what is wrong, and what nobody can say."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpod.step_checking.equations import HOLDS, UNCHECKED, WRONG, find_equations
from kpod.step_checking.tokens import tokenise


def verdicts(text: str) -> list[str]:
    return [equation.verdict for equation in find_equations(tokenise(text))]


@pytest.mark.parametrize(
    "text",
    [
        "3 * 4 = 12",
        "3x4=12.",
        "There are 3 x 4 = 12 apples.",
        "3 × 4 = 12",
        "12 ÷ 4 = 3",
        "12 − 4 = 8",
        "12 – 4 = 8",
        "5 - 8 = -3",
        "-5 + 3 = -2",
        "- 3 + 4 = 7",  # a bullet
        r"so \(3 \times 4 = 12\)",
        r"$12 \div 4 = 3$",
        r"\frac{12}{4} = 3",
        "**3 * 4 = 12**",
        "48/2 = <<48/2=24>>24",
        "1,234 * 2 = 2,468",
        "$1,250.50 + $2.50 = $1,253",
        "0.5 * 3 = 1.50",
        ".5 * 3 = 1.5",
        "So 19 (tickets) - 7 (toys) = 12 (tickets)",
        "3 trays * 12 biscuits = 36 biscuits are left",
        "5 red + 6 blue balls = 11 balls",
        "$5/hour * 3 hours = $15",
        "2(3+4) = 14",
        "(3 + 4) * 2 = 14",
        "2^3 = 8",
        "20% of 50 = 10",
        "25 percent of 80 = 20",
        "50 * 20% = 10",
        "20% + 30% = 50%",
        "100 - 20% = 80",
        "1/4 of 20 = 5",
        "½ of 20 = 10",
        "75 cents * 4 = $3",
        "75¢ * 4 = $3",
        "3 plus 4 equals 7",
        "3 times 4 is 12",
        "12 divided by 4 is equal to 3",
        "10 / 3 = 3.33",
        "10 / 3 = 3",  # three full bags
        "20 / 3 = 6.67",
        "100 / 7 ≈ 14",
        "$66.67 * 6 = $400",
        "Total = 3 + 4 = 7",
        "7 = 3 + 4",
        "5 m + 3 m = 8 m",
    ],
)
def test_what_holds(text):
    assert set(verdicts(text)) == {HOLDS}


@pytest.mark.parametrize(
    "text",
    [
        "3 * 4 = 13",
        "3x4=13.",
        r"so \(3 \times 4 = 13\)",
        "157 cakes - 147 pastries = 1 more cake sold",
        "33 ÷ 11 = 2",
        "$3.50 * 3 = $10.51",
        "1,234 * 2 = 2,458",
        "20% of 50 = 11",
        "10 / 3 = 3.5",
        "10 / 3 = 2",
        "3 plus 4 equals 8",
        "5 * 3 is 16",
        "28 oranges per sack ÷ 66 sacks per day = 2 sacks per day",
        "(3 + 4) * 2 = 10",
        "7 = 3 + 5",
        "We take 467 (144 - 144 = 87) of them",
    ],
)
def test_what_is_wrong(text):
    assert verdicts(text) == [WRONG]


@pytest.mark.parametrize(
    "text",
    [
        "half of 3 * 4 = 6",
        "the average of 3 + 5 = 4",
        "4 * 12 = 4 dozen",
        "3 * 1000 = 3 thousand",
        "2 hours + 30 minutes = 151 minutes",
        "3 feet + 6 inches = 42 inches",
        "2x + 3 = 7",
        "250 = (5/2)x",
        ".5(all apples) + .1(all apples) = 40",
        "1 1/2 + 1/2 = 3",
        "2 / 1/4 = 8",
        "5 / 0 = 0",
        "0 ^ (-2) = 1",
        "9 ^ 9 ^ 9 = 1",
        "3 * 4 = 20 - the rest",
        "the rest - 3 * 2 = 5",
        "5 * 3 is 20 more than that",
        "the 2 shirts is $60 - $24",
        "2/5 is equal to 12.8 hectares",
        "9" * 40 + " * 2 = 4",
    ],
)
def test_what_nobody_can_say_is_not_checked(text):
    assert set(verdicts(text)) == {UNCHECKED}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "He has 12 apples.",
        "x = 5",
        "12 inches = 1 foot",
        "91 (games) + 53 (games) = the total number of games",
        "the total = 3 + 4 + 8",
        "at 3:00 + 2 hours = 5:00",
        "3 + 4 <= 8",
        "half of 12 is 6",
        "= = = + + * 3",
        "the 33-cookie bag = 4",
    ],
)
def test_what_states_no_calculation(text):
    assert verdicts(text) == []


def test_chains_are_checked_link_by_link():
    assert verdicts("3 * 4 = 12 = 13") == [HOLDS, WRONG]
    assert verdicts("3 * 4 = 2 * 6 = 12") == [HOLDS, HOLDS]
    assert verdicts("3 * 4 = 12 + 2 = 14") == [HOLDS, HOLDS]  # as spoken: twelve, and two is fourteen
    assert verdicts("3 * 4 = 12 + 2 = 15") == [HOLDS, WRONG]
    assert verdicts("3 + 4 = 7, 7 * 2 = 15") == [HOLDS, WRONG]


def test_an_equation_knows_its_place_and_its_values():
    text = "So she pays 3 pens * $1.50 = $4.00 in all."
    (equation,) = find_equations(tokenise(text))
    assert text[equation.start : equation.end] == "3 pens * $1.50 = $4.00"
    assert (equation.computed, equation.stated, equation.is_rounded) == (Fraction(9, 2), Fraction(4), False)
    assert find_equations(tokenise("20 / 3 = 6.67"))[0].is_rounded


NUMBERS = st.integers(0, 9999)


@settings(deadline=None)
@given(NUMBERS, NUMBERS, st.sampled_from("+-*"), st.integers(-3, 3))
def test_whole_numbers_hold_exactly_where_they_are_right(a, b, sign, off):
    right = {"+": a + b, "-": a - b, "*": a * b}[sign]
    assert verdicts(f"So {a} {sign} {b} = {right + off}.") == [WRONG if off else HOLDS]
    assert verdicts(f"{a:,} things {sign} {b:,} = {right + off:,} things") == [WRONG if off else HOLDS]


@settings(deadline=None)
@given(st.text(alphabet="0123456789+-*/=()%$., xabn\n½×÷−is≈^", max_size=60))
def test_any_text_is_read_without_an_error(text):
    for equation in find_equations(tokenise(text)):
        assert 0 <= equation.start < equation.end <= len(text)


def test_long_texts_are_read_in_time_that_grows_with_them():
    sums, brackets = "1 + " * 4000 + "1 = 4001", "(" * 4000 + "3 + 4" + ")" * 4000 + " = 8"
    assert verdicts(f"{sums}. {brackets}") == [UNCHECKED, UNCHECKED]
