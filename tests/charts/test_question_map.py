"""The map's bytes and its lasso."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from kpod.charts.question_map import Colouring, colourings, inside_polygon, map_payload, read_polygon
from kpod.charts.step_matrix import first_full_stage


def unpacked(payload: bytes) -> tuple[dict, np.ndarray]:
    length = int.from_bytes(payload[:4], "little")
    assert length % 4 == 0
    meta = json.loads(payload[4 : 4 + length])
    return meta, np.frombuffer(payload[4 + length :], dtype="<f4").reshape(3, meta["count"])


def test_bytes_hold_the_coordinates_and_the_values(made_run):
    questions = made_run.questions
    colouring = colourings(questions, made_run.steps, made_run.schedule, made_run.predictions)["cluster"]
    meta, columns = unpacked(map_payload(questions, colouring, key="k", chosen=3, hasSelection=False))
    assert np.allclose(columns, questions[["x", "y", "cluster"]].to_numpy().T, atol=1e-5)
    assert meta["names"] == [f"cluster {k}" for k in range(5)] and meta["chosen"] == 3
    assert meta["texts"][3].startswith(questions["text"].iloc[3][:40])
    assert len(meta["clusters"]) == 5


def test_what_the_map_can_be_coloured_by(made_run):
    questions = made_run.questions
    found = colourings(questions, made_run.steps, made_run.schedule, made_run.predictions)
    assert list(found) == ["cluster", "difficulty", "stage", "correct"]
    trained = questions["trained"].to_numpy()
    sums = made_run.steps.groupby("question")["difficulty"].sum()
    assert np.allclose(found["difficulty"].values[trained], sums.reindex(questions["question"][trained]))
    assert np.isnan(found["difficulty"].values[~trained]).all()
    first = first_full_stage(made_run.schedule)
    assert np.array_equal(found["stage"].values[trained], first.reindex(questions["question"][trained]))
    last = made_run.predictions[made_run.predictions["epoch"] > 0].set_index("question")["correct"]
    assert np.array_equal(found["correct"].values[~trained], last.reindex(questions["question"][~trained]))
    assert np.isnan(found["correct"].values[trained]).all()


def test_a_run_that_has_only_clusters(made_run):
    assert list(colourings(made_run.questions, made_run.steps[["question"]], None, None)) == ["cluster"]


def test_one_value_everywhere_still_makes_a_range():
    frame = pd.DataFrame({"question": ["a", "b"], "x": [0.0, 1.0], "y": [0.0, 1.0], "text": ["", ""]})
    colouring = colourings(frame, frame.assign(difficulty=2.0), None, None)["difficulty"]
    assert (colouring.low, colouring.high) == (2.0, 3.0)


def test_large_sets_carry_no_texts():
    count = 20_001
    frame = pd.DataFrame({"question": "q", "text": "t", "x": np.arange(count), "y": 0.0})
    meta, columns = unpacked(map_payload(frame, Colouring("None", np.zeros(count)), key="k"))
    assert meta["texts"] == [] and meta["ids"] == [] and columns.shape == (3, count)


SQUARE = np.array([[0.0, 0.0], [2.0, 0.0], [2.0, 2.0], [0.0, 2.0]])


def test_points_in_a_square_and_in_a_bow_tie():
    x, y = np.array([1.0, 3.0, -1.0, 1.0]), np.array([1.0, 1.0, 1.0, 3.0])
    assert inside_polygon(x, y, SQUARE).tolist() == [True, False, False, False]
    bow = np.array([[0.0, 0.0], [2.0, 2.0], [2.0, 0.0], [0.0, 2.0]])  # crosses itself at (1, 1): open above and below
    assert inside_polygon(np.array([0.2, 1.0, 1.8]), np.array([1.0, 0.2, 1.0]), bow).tolist() == [True, False, True]


def test_inside_agrees_with_half_planes_on_a_convex_polygon():
    rng = np.random.default_rng(3)
    angles = np.sort(rng.uniform(0, 2 * np.pi, 9))
    polygon = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    points = rng.uniform(-1.2, 1.2, (4000, 2))
    following = np.roll(polygon, -1, axis=0)
    edge, to_point = following - polygon, points[:, None, :] - polygon[None]
    expected = (edge[None, :, 0] * to_point[..., 1] - edge[None, :, 1] * to_point[..., 0] > 0).all(axis=1)
    assert np.array_equal(inside_polygon(points[:, 0], points[:, 1], polygon), expected)


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        "x",
        [[0, 0], [1, 1]],
        [[0, 0], [1, 1], [2, float("nan")]],
        [[0, 0, 0]] * 3,
        [[0, 0]] * 10_001,
        [["a", 1]] * 3,
    ],
)
def test_what_is_no_polygon_is_none(value):
    assert read_polygon(value) is None


def test_a_polygon_is_read():
    assert read_polygon([[0, 0], [1, 0], [1, 1]]).shape == (3, 2)
