"""The nearest rows: as a full sort finds them."""

from __future__ import annotations

import numpy as np
import pytest

from kpod.question_clustering.neighbours import nearest_by_cosine, nearest_rows


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


def test_by_cosine_as_a_full_sort_finds_them_whatever_the_lengths():
    vectors = np.random.default_rng(6).normal(size=(300, 50)) * np.random.default_rng(7).uniform(0.1, 9, (300, 1))
    units = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype("float32")
    for row in (0, 17, 299):
        rows, distances = nearest_by_cosine(units, row, 8)
        cosines = vectors @ vectors[row] / (np.linalg.norm(vectors, axis=1) * np.linalg.norm(vectors[row]))
        expected = [k for k in np.argsort(-cosines, kind="stable") if k != row][:8]
        assert rows.tolist() == expected
        assert np.allclose(distances, 1 - cosines[expected], atol=1e-6)


def test_by_cosine_a_copy_is_at_zero_and_one_without_words_at_one():
    third = np.full(3, 3**-0.5)
    units = np.array([third, -third, np.zeros(3), third], dtype="float32")
    rows, distances = nearest_by_cosine(units, 0, 8)
    assert rows.tolist() == [3, 2, 1] and distances.tolist() == [0.0, 1.0, 2.0]
