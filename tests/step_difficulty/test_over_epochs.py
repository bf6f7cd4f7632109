"""Difficulty by position over the epochs, worked by hand and against pandas."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from kpod.step_difficulty.over_epochs import COLUMNS, quartiles_by_position

ROWS = [(0, 0, 0, 4.0), (0, 0, 1, 1.0), (0, 1, 0, 2.0), (1, 0, 0, 3.0), (1, 0, 1, 0.5), (1, 1, 0, 1.0)]
HISTORY = pd.DataFrame(ROWS, columns=["epoch", "question_index", "step", "difficulty"])


def test_positions_from_the_start():
    found = quartiles_by_position(HISTORY)
    assert found[["epoch", "position", "steps"]].values.tolist() == [[0, 1, 2], [0, 2, 1], [1, 1, 2], [1, 2, 1]]
    assert found["median"].tolist() == [3.0, 1.0, 2.0, 0.5]
    assert found["first"].tolist() == [2.5, 1.0, 1.5, 0.5]


def test_positions_from_the_end():
    found = quartiles_by_position(HISTORY, from_end=True)
    # The last steps are the second of question 0 and the only one of question 1.
    assert found["median"].tolist() == [1.5, 4.0, 0.75, 3.0]


def test_far_positions_are_put_together():
    found = quartiles_by_position(HISTORY, last_position=1)
    assert found["steps"].tolist() == [3, 3] and found["median"].tolist() == [2.0, 1.0]


def test_nothing_recorded_is_an_empty_table():
    assert list(quartiles_by_position(HISTORY.iloc[:0], from_end=True)) == list(COLUMNS)


def test_the_quartiles_are_those_of_pandas():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"epoch": rng.integers(0, 3, 999), "question_index": 0, "step": rng.integers(0, 5, 999)})
    frame["difficulty"] = rng.gamma(2.0, 1.0, 999)
    expected = frame.groupby(["epoch", "step"])["difficulty"].quantile([0.25, 0.5, 0.75]).unstack()
    found = quartiles_by_position(frame)
    assert found[["first", "median", "third"]].to_numpy() == pytest.approx(expected.to_numpy())
