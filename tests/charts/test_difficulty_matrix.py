"""The matrix of difficulty by step and epoch, worked by hand and on a run."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from kpod.charts.difficulty_matrix import (
    MAX_STEPS,
    difficulty_matrix,
    difficulty_payload,
    given_by_epoch,
    recorded_questions,
    scale_end,
)
from kpod.charts.step_matrix import ORDERS

# Stages 0..2 of three questions; "b" is not in the probe. The questions' table has them in another order.
INPUTS = {"a": [2, 1, 0], "b": [1, 0, 0], "c": [0, 0, 0]}
SCHEDULE = pd.DataFrame(
    [{"stage": t, "question": q, "input_steps": c} for q, row in INPUTS.items() for t, c in enumerate(row)]
)
QUESTIONS = pd.DataFrame({"question": ["c", "b", "a"], "text": ["C?", "B?", "A?"], "cluster": [1, 0, 0]})
STEPS = pd.DataFrame(
    {
        "question": list("aabbc"),
        "step": [0, 1, 0, 1, 0],
        "difficulty": [1.0, 2.0, 3.0, 3.0, 9.0],
        "text": ["a one", "a\ntwo", "b one", "b two", "<b>c</b>"],
    }
)
HISTORY = pd.DataFrame(
    [
        {"epoch": epoch, "question_index": row, "step": step, "difficulty": start / (epoch + 1)}
        for epoch in range(5)
        for row, step, start in ((0, 0, 9.0), (2, 0, 1.0), (2, 1, 2.0))
    ]
)
STAGES = pd.DataFrame({"stage": [0, 1, 2], "budget": [3.0, 6.0, 15.0], "supervised": [2.5, 6.0, 15.0]})


def matrix_of(order: str = ORDERS[0], **options):
    return difficulty_matrix(HISTORY, SCHEDULE, QUESTIONS, STEPS, order, **options)


def test_a_row_is_a_step_of_a_question_that_has_a_history():
    matrix = matrix_of()
    assert recorded_questions(HISTORY, QUESTIONS) == ["c", "a"]
    assert (matrix.questions, matrix.steps.tolist()) == (["c", "a", "a"], [0, 0, 1])
    assert matrix.labels == ["<b>c</b>", "a one", "a two"] and matrix.lengths.tolist() == [1, 2, 2]
    assert matrix.epochs == [0, 1, 2, 3, 4]
    assert matrix.difficulty[:, 1] == pytest.approx([4.5, 0.5, 1.0])
    assert (matrix.recorded, matrix.shown) == (2, 2)


def test_a_step_is_supervised_from_the_stage_of_its_epoch_on():
    # "a" has two steps: 2, 1 and 0 of them are input at stages 0, 1 and 2.
    assert matrix_of().since.tolist() == [0, 2, 1]


def test_after_the_last_stage_nothing_is_input():
    assert given_by_epoch(np.array([[3, 2]]), 1, [0, 1, 2, 3]).tolist() == [[3, 2, 0, 0]]


@pytest.mark.parametrize(("order", "first"), [("order of supervision", "c"), ("difficulty", "a"), ("cluster", "a")])
def test_questions_come_in_the_order_asked_for_and_their_steps_stay_together(order, first):
    matrix = matrix_of(order)
    assert matrix.questions[0] == first
    assert len(set(zip(matrix.questions, matrix.questions[1:], strict=False))) <= 2


def test_only_questions_of_the_lasso_unless_none_of_them_is_recorded():
    assert set(matrix_of(within=frozenset({"a", "b"})).questions) == {"a"}
    assert set(matrix_of(within=frozenset({"b"})).questions) == {"a", "c"}


def test_shares_are_of_all_questions_and_whole_after_the_last_stage():
    matrix = matrix_of()
    assert matrix.steps_supervised == pytest.approx([1 - 3 / 5, 1 - 1 / 5, 1, 1, 1])
    assert matrix.whole == pytest.approx([1 / 3, 2 / 3, 1, 1, 1])


def test_a_large_set_is_drawn_evenly_and_keeps_the_chosen_question():
    ids = [f"q{i}" for i in range(MAX_STEPS)]
    schedule = pd.DataFrame({"stage": 0, "question": ids, "input_steps": 0})
    questions = pd.DataFrame({"question": ids, "text": ids})
    steps = pd.DataFrame({"question": np.repeat(ids, 4), "step": np.tile(range(4), len(ids)), "text": "x"})
    history = pd.DataFrame({"question_index": np.repeat(range(len(ids)), 4), "step": steps["step"], "epoch": 0})
    history["difficulty"] = 1.0
    matrix = difficulty_matrix(history, schedule, questions, steps, "length", keep="q101")
    assert matrix.recorded == MAX_STEPS and matrix.shown in (MAX_STEPS // 4, MAX_STEPS // 4 + 1)
    assert len(matrix.questions) == 4 * matrix.shown and "q101" in matrix.questions


def test_the_scale_ends_where_nearly_all_difficulties_do():
    assert scale_end(np.array([0.5] * 99 + [50.0])) == 0.5
    assert scale_end(np.array([0.0, np.nan])) == scale_end(np.array([])) == 0.1


def test_the_payload_is_plain_and_says_what_was_not_recorded():
    gap = HISTORY.drop(HISTORY.index[(HISTORY["epoch"] == 3) & (HISTORY["question_index"] == 0)])
    payload = difficulty_payload(difficulty_matrix(gap, SCHEDULE, QUESTIONS, STEPS, ORDERS[0]), STAGES, "a")
    assert json.loads(json.dumps(payload, allow_nan=False)) == payload
    assert payload["cells"][0] == [9.0, 4.5, 3.0, None, 1.8]
    assert payload["questions"][payload["chosen"]] == "a" and payload["chosen"] == 1
    assert payload["budget"] == [0.2, 0.4, 1.0, 1.0, 1.0]
    assert payload["supervised"] == pytest.approx([2.5 / 15, 0.4, 1.0, 1.0, 1.0], abs=1e-4)


@pytest.mark.parametrize("order", ORDERS)
def test_a_run_has_its_own_difficulties_in_every_order(made_run, order):
    matrix = difficulty_matrix(
        made_run.difficulty_history, made_run.schedule, made_run.questions, made_run.steps, order
    )
    history = made_run.table("difficulty_history", question="q003").sort_values(["step", "epoch"])
    rows = [row for row, question in enumerate(matrix.questions) if question == "q003"]
    assert matrix.difficulty[rows].ravel() == pytest.approx(history["difficulty"].to_numpy())
    assert matrix.steps[rows].tolist() == list(range(len(rows)))
