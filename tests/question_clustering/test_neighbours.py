"""The nearest rows: as a full sort finds them."""

from __future__ import annotations

import numpy as np
import pytest

from kpod.question_clustering.neighbours import nearest_rows


@pytest.mark.parametrize("dimensions", [2, 50])
def test_as_a_full_sort_finds_them(dimensions):
    vectors = np.random.default_rng(4).normal(size=(300, dimensions)).astype("float32")
    for row in (0, 17, 299):
        rows, distances = nearest_rows(vectors, row, 8)
        all_distances = np.linalg.norm(vectors.astype(float) - vectors[row].astype(float), axis=1)
        expected = [k for k in np.argsort(all_distances, kind="stable") if k != row][:8]
        assert rows.tolist() == expected
        assert np.allclose(distances, all_distances[expected])


def test_equally_near_ones_come_in_order_and_copies_are_at_distance_zero():
    rows, distances = nearest_rows(np.zeros((5, 2)), 2, 3)
    assert rows.tolist() == [0, 1, 3] and distances.tolist() == [0.0, 0.0, 0.0]


def test_fewer_questions_than_asked_for():
    assert nearest_rows(np.arange(6.0).reshape(3, 2), 0, 8)[0].tolist() == [1, 2]
    assert nearest_rows(np.zeros((1, 2)), 0, 8)[0].tolist() == []
