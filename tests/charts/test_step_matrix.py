"""The step-by-epoch matrix, worked by hand and on a run."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from kpod.charts.step_matrix import (
    MAX_ROWS,
    ORDERS,
    first_full_stage,
    player_colours,
    player_payload,
    step_matrix,
    step_stages,
)

INPUTS = {"a": [2, 1, 0], "b": [1, 1, 1], "c": [0, 0, 0]}
SCHEDULE = pd.DataFrame(
    [{"stage": t, "question": q, "input_steps": c} for q, row in INPUTS.items() for t, c in enumerate(row)]
)
QUESTIONS = pd.DataFrame({"question": ["a", "b", "c"], "text": ["A?", "<b>B</b>?", "C?"], "cluster": [1, 0, 0]})
STEPS = pd.DataFrame({"question": list("aaabc"), "step": [0, 1, 2, 0, 0], "difficulty": [1.0, 1.0, 1.0, 9.0, 0.5]})


def test_the_first_stage_without_input_steps():
    first = first_full_stage(SCHEDULE)
    assert first["a"] == 2 and first["c"] == 0 and np.isnan(first["b"])


def test_when_each_step_becomes_supervised():
    a = SCHEDULE[SCHEDULE["question"] == "a"]
    # three steps, c = 2, 1, 0: the last is supervised at once, the first at stage 2
    assert step_stages(a, 3) == [2, 1, 0]
    assert step_stages(SCHEDULE[SCHEDULE["question"] == "b"], 2) == [None, 0]


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("order of supervision", ["c", "b", "a"]),
        ("cluster", ["c", "b", "a"]),
        ("length", ["c", "b", "a"]),
        ("difficulty", ["c", "a", "b"]),
    ],
)
def test_rows_come_in_the_order_asked_for(order, expected):
    matrix = step_matrix(SCHEDULE, QUESTIONS, STEPS, order)
    assert matrix.questions == expected
    assert [row.tolist() for row in matrix.input_steps] == [INPUTS[q] for q in expected]


def test_an_order_that_the_run_has_not_got_falls_back():
    bare = step_matrix(SCHEDULE, QUESTIONS[["question", "text"]], STEPS[["question", "step"]], "cluster")
    assert bare.questions == ["c", "b", "a"]  # a and b tie, the shorter comes first


@pytest.mark.filterwarnings("error")
def test_a_schedule_of_no_question_is_an_empty_matrix():
    matrix = step_matrix(SCHEDULE.iloc[:0], QUESTIONS, STEPS, "length")
    assert matrix.input_steps.size == matrix.whole.size == matrix.total == 0


def test_a_large_set_is_sampled_and_keeps_the_chosen_question():
    ids = [f"q{i}" for i in range(5 * MAX_ROWS)]
    schedule = pd.DataFrame({"stage": 0, "question": ids, "input_steps": range(len(ids))})
    questions = pd.DataFrame({"question": ids, "text": ids})
    steps = pd.DataFrame({"question": ids, "step": 0})
    matrix = step_matrix(schedule, questions, steps, ORDERS[0], keep="q1001")
    assert matrix.total == len(ids) and len(matrix.questions) in (MAX_ROWS, MAX_ROWS + 1)
    assert "q1001" in matrix.questions
    assert (np.diff(matrix.input_steps[:, 0]) > 0).all()


def test_shares_are_of_all_questions_however_many_are_shown():
    matrix = step_matrix(SCHEDULE, QUESTIONS, STEPS, "cluster")
    # Five steps; 3, 2 and 1 of them are still input; c is whole from stage 0 on, a at stage 2.
    assert matrix.steps_supervised == pytest.approx([0.4, 0.6, 0.8])
    assert matrix.whole == pytest.approx([1 / 3, 1 / 3, 2 / 3])
    assert matrix.num_steps.tolist() == [1, 1, 3]


def test_the_payload_has_the_counts_the_shares_of_b_and_the_chosen(made_run):
    matrix = step_matrix(made_run.schedule, made_run.questions, made_run.steps, "cluster", keep="q003")
    payload = player_payload(matrix, made_run.stages, "q003")
    wide = made_run.schedule.pivot(index="question", columns="stage", values="input_steps")
    assert payload["cells"] == wide.loc[matrix.questions].to_numpy().tolist()
    assert payload["questions"][payload["chosen"]] == "q003"
    assert payload["budget"][-1] == 1.0
    total = made_run.stages["budget"].iloc[-1]
    assert payload["supervised"] == pytest.approx((made_run.stages["supervised"] / total).tolist(), abs=1e-4)
    assert payload["most"] == wide.to_numpy().max() and payload["total"] == len(wide)
    assert player_payload(matrix, made_run.stages, "nobody")["chosen"] is None


def test_labels_are_on_one_line_and_colours_there_for_both_pages():
    matrix = step_matrix(SCHEDULE, QUESTIONS.assign(text=["A\nB", "C\u202e", "D" * 200]), STEPS, "length")
    assert matrix.labels[-1] == "A B" and "⟨U+202E⟩" in matrix.labels[1] and max(map(len, matrix.labels)) <= 90
    assert len(player_colours()["light"]) == len(player_colours()["dark"])
