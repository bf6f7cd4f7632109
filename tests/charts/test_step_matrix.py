"""The step-by-epoch matrix, worked by hand and on a run."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from kpod.charts.step_matrix import MAX_ROWS, ORDERS, first_full_stage, matrix_figure, step_matrix, step_stages

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


def test_a_large_set_is_sampled_and_keeps_the_chosen_question():
    ids = [f"q{i}" for i in range(5 * MAX_ROWS)]
    schedule = pd.DataFrame({"stage": 0, "question": ids, "input_steps": range(len(ids))})
    questions = pd.DataFrame({"question": ids, "text": ids})
    steps = pd.DataFrame({"question": ids, "step": 0})
    matrix = step_matrix(schedule, questions, steps, ORDERS[0], keep="q1001")
    assert matrix.total == len(ids) and len(matrix.questions) in (MAX_ROWS, MAX_ROWS + 1)
    assert "q1001" in matrix.questions
    assert (np.diff(matrix.input_steps[:, 0]) > 0).all()


def test_the_figure_holds_the_counts_and_marks_the_chosen(made_run):
    matrix = step_matrix(made_run.schedule, made_run.questions, made_run.steps, "cluster", keep="q003")
    figure = matrix_figure(matrix, dark=False, chosen="q003")
    wide = made_run.schedule.pivot(index="question", columns="stage", values="input_steps")
    assert np.array_equal(figure.data[0].z, wide.loc[matrix.questions].to_numpy())
    assert len(figure.layout.shapes) == 1
    assert not matrix_figure(matrix, dark=True, chosen="nobody").layout.shapes


def test_hover_labels_are_escaped():
    matrix = step_matrix(SCHEDULE, QUESTIONS, STEPS, "cluster")
    assert "b: &lt;b&gt;B&lt;/b&gt;?" in matrix.labels
