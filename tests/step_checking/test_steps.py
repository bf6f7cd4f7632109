"""Rationales checked step by step."""

from __future__ import annotations

import json

import pytest

from kpod.step_checking import HOLDS, UNCHECKED, WRONG, check_steps, first_wrong_step, numbers_apart

QUESTION = "Lena has three boxes of 12 pears and eats 5% of them. How many are left, if half are green?"
RATIONALE = (
    "We count the pears first.\nThere are 3 * 12 = 36 pears.\nShe eats 36 - 17 = 18 of them.\nSo 18 - 9 = 9 are left."
)


def texts(rationale: str, spans) -> list[str]:
    return [rationale[start:end] for start, end in spans]


def test_each_step_has_its_own_verdict():
    steps = check_steps(RATIONALE, QUESTION)
    assert [step.verdict for step in steps] == [UNCHECKED, HOLDS, WRONG, HOLDS]
    assert first_wrong_step(steps) == 2
    assert texts(RATIONALE, [(step.start, step.end) for step in steps])[1] == "There are 3 * 12 = 36 pears."


def test_a_step_with_one_wrong_equation_is_wrong():
    (step,) = check_steps("Thus 3 + 4 = 7, and 7 * 2 = 15.")
    assert step.verdict == WRONG and [equation.verdict for equation in step.equations] == [HOLDS, WRONG]


def test_a_step_without_arithmetic_is_never_right():
    steps = check_steps("He has 7 apples. That is all.", "He has 7 apples.")
    assert {step.verdict for step in steps} == {UNCHECKED}
    assert first_wrong_step(steps) is None
    assert check_steps("") == []


def test_numbers_from_nowhere_are_marked_once():
    steps = check_steps(RATIONALE, QUESTION)
    # three is a word of the question, 12 and 36 are given and computed; 17 is neither, nor is 9
    assert [texts(RATIONALE, step.unexplained) for step in steps] == [[], [], ["17"], ["9"]]
    again = check_steps("There are 17 and 17 more.", "")
    assert texts("There are 17 and 17 more.", again[0].unexplained) == ["17"]


@pytest.mark.parametrize(
    ("rationale", "question"),
    [
        ("3. There are 44.", "44 pens"),  # a list's number
        ("Step 3: there are 44.", "44 pens"),
        ("An hour has 60 minutes and a year 365 days.", ""),
        ("That is 0.15 of it.", "15% are red"),
        ("That is 45 of it.", "forty-five are red"),
    ],
)
def test_numbers_that_are_explained(rationale, question):
    marked = [span for step in check_steps(rationale, question) for span in step.unexplained]
    assert texts(rationale, marked) == []


def test_numbers_are_apart_by_their_value():
    text = "3 * 4.0 = 12, so $1,000 and 12% of 7."
    assert [text[start:end] for start, end in numbers_apart(text, "12 is 4 times 3; 1000 dollars")] == ["7"]
    assert numbers_apart("No number.", "12") == []


def test_right_rationales_are_hardly_ever_called_wrong(shared_data):
    """GSM8K's own solutions, which are right but for slips: of about 4,500 checked steps fewer than one in 500."""
    rows = (shared_data / "gsm8k" / "test_human.jsonl").read_text(encoding="utf-8").splitlines()
    verdicts = []
    for row in map(json.loads, rows):
        rationale = next(row[key] for key in ("rationale", "answer", "solution") if isinstance(row.get(key), str))
        verdicts += [step.verdict for step in check_steps(rationale, row["question"])]
    assert verdicts.count(HOLDS) > 3000
    assert verdicts.count(WRONG) <= verdicts.count(HOLDS) / 500
