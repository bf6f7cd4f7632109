"""What the map can be coloured by: the run's own figures and any column of its questions."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from kpod.charts.question_colours import SHAPES, colourings
from kpod.charts.question_stages import first_whole, supervised_steps

PLAIN = {"question": ["a", "b", "c", "d"], "x": 0.0, "y": 0.0, "text": "t", "answer": "1", "rationale": "r"}


@pytest.fixture(scope="module")
def found(made_run):
    questions = made_run.questions
    lengths = made_run.steps.groupby("question").size().reindex(questions["question"]).to_numpy(dtype=float)
    supervised = supervised_steps(questions["question"], lengths, made_run.schedule)
    return colourings(questions, made_run.steps, supervised, made_run.predictions, ("pens", "boats"))


def of_column(**column):
    frame = pd.DataFrame(PLAIN | column)
    return colourings(frame, None, None, None).get(next(iter(column)))


def test_all_that_a_whole_run_offers(found):
    expected = ["cluster", "steps", "difficulty", "mean difficulty", "stage", "correct", "base", "change"]
    assert list(found) == [*expected, "split", "teacher", "teacher_correct", "trained"]
    for colouring in found.values():
        values = colouring.values[~np.isnan(colouring.values)]
        top = len(colouring.names) - 1 if colouring.names else colouring.high
        assert (values >= (0 if colouring.names else colouring.low)).all() and (values <= top).all()
        assert len(colouring.names) == len(colouring.colours) == len(colouring.shapes)
        assert set(colouring.shapes) <= set(SHAPES)


def test_clusters_have_their_names_or_numbers(found):
    assert found["cluster"].names == ("pens", "boats", "cluster 2", "cluster 3", "cluster 4")


def test_difficulty_steps_and_stage_are_those_of_the_tables(found, made_run):
    trained = made_run.questions["trained"].to_numpy()
    ids = made_run.questions["question"]
    by_question = made_run.steps.groupby("question")["difficulty"]
    for name, values in (
        ("difficulty", by_question.sum()),
        ("steps", by_question.size()),
        ("mean difficulty", by_question.mean()),
    ):
        assert np.allclose(found[name].values[trained], values.reindex(ids[trained]))
        assert np.isnan(found[name].values[~trained]).all()
    lengths = by_question.size().reindex(ids).to_numpy(dtype=float)
    stage = first_whole(supervised_steps(ids, lengths, made_run.schedule))
    assert np.array_equal(found["stage"].values, stage, equal_nan=True)


def test_right_and_wrong_by_model_and_what_changed(found, made_run):
    evaluated = made_run.predictions.pivot(index="question", columns="epoch", values="correct")
    rows = ~made_run.questions["trained"].to_numpy()
    evaluated = evaluated.reindex(made_run.questions["question"][rows]).astype(float)
    assert np.array_equal(found["base"].values[rows], evaluated[0])
    assert np.array_equal(found["correct"].values[rows], evaluated[evaluated.columns[-1]])
    became_right = (evaluated[0] == 0) & (evaluated[evaluated.columns[-1]] == 1)
    shown = found["change"].shown(np.flatnonzero(rows))
    assert became_right.sum() == (shown == "became right").sum() > 0
    assert np.isnan(found["change"].values[~rows]).all()


def test_a_base_student_alone_is_not_called_distilled(made_run):
    base = made_run.predictions[made_run.predictions["epoch"] == 0]
    found = colourings(made_run.questions, None, None, base)
    assert "base" in found and "correct" not in found and "change" not in found


def test_numbers_make_a_range_and_one_number_too():
    assert (of_column(level=[3, 1, 2, 5]).low, of_column(level=[3, 1, 2, 5]).high) == (1.0, 5.0)
    assert (of_column(level=2.0).low, of_column(level=2.0).high) == (2.0, 3.0)
    assert np.isnan(of_column(level=[1.0, None, np.inf, 2.0]).values).tolist() == [False, True, True, False]


def test_true_and_false_are_two_categories_in_one_order():
    colouring = of_column(easy=pd.array([True, None, False, True], dtype="boolean"))
    assert colouring.names == ("no", "yes") and colouring.values.tolist()[::2] == [1.0, 0.0]
    assert np.isnan(colouring.values[1]) and colouring.title == "easy"


def test_categories_come_by_size_and_the_rest_as_one():
    kinds = [f"k{i % 10}" for i in range(80)] + ["k3"] * 5
    frame = pd.DataFrame({"question": [str(i) for i in range(85)], "x": 0.0, "y": 0.0, "kind": kinds})
    colouring = colourings(frame, None, None, None)["kind"]
    assert colouring.names[0] == "k3" and colouring.names[-1] == "3 others" and len(colouring.names) == 8
    assert colouring.values.max() == 7 and (colouring.shown(np.array([3, 84])) == "k3").all()


@pytest.mark.parametrize(
    "column",
    [[["a"], ["b"], ["c"], ["d"]], [None] * 4],
)
def test_lists_and_empty_columns_are_no_colours(column):
    assert of_column(choices=column) is None


def test_free_text_is_no_colour_and_hostile_names_are_shown():
    frame = pd.DataFrame({"question": [str(i) for i in range(40)], "note": [f"text {i}" for i in range(40)]})
    frame["<b>\u202e</b>"] = "a\nb"
    found = colourings(frame, None, None, None)
    assert "note" not in found
    assert found["<b>\u202e</b>"].title == "<b>⟨U+202E⟩</b>" and found["<b>\u202e</b>"].names == ("a b",)


def test_a_run_that_has_nothing_to_colour_by():
    frame = pd.DataFrame({"question": ["a"], "text": ["t"]})
    assert list(colourings(frame, None, None, None)) == ["none"]


def test_a_column_of_a_name_that_is_taken(made_run):
    frame = made_run.questions.assign(difficulty=1.0)
    found = colourings(frame, made_run.steps, None, None)
    assert found["column difficulty"].low == 1.0 and found["difficulty"].high > 1.0
