"""Clusters by place on the map."""

from __future__ import annotations

import numpy as np
import pytest

from kpod.errors import InputError
from kpod.question_clustering.map_clusters import clusters_of_map


def blobs(sizes: list[int]) -> np.ndarray:
    rng = np.random.default_rng(3)
    return np.concatenate([rng.normal((10 * i, 5 * (i % 2)), 0.3, (size, 2)) for i, size in enumerate(sizes)])


def test_groups_that_lie_apart_are_found_the_largest_first():
    labels = clusters_of_map(blobs([20, 60, 40]), 3)
    assert labels.tolist() == [2] * 20 + [0] * 60 + [1] * 40


def test_the_same_points_give_the_same_clusters():
    points = np.random.default_rng(0).normal(size=(500, 2))
    assert np.array_equal(clusters_of_map(points, 7), clusters_of_map(points, 7))
    assert sorted(set(clusters_of_map(points, 7).tolist())) == list(range(7))


def test_as_good_as_scikit_learn_on_a_cloud_without_groups():
    from sklearn.cluster import KMeans

    points = np.random.default_rng(1).normal(size=(800, 2))

    def spread(labels: np.ndarray) -> float:
        return sum(((points[labels == k] - points[labels == k].mean(axis=0)) ** 2).sum() for k in range(6))

    best = spread(KMeans(6, n_init=10, random_state=0).fit_predict(points))
    assert spread(clusters_of_map(points, 6)) < 1.03 * best


def test_as_many_clusters_as_points_and_doubled_points():
    points = np.array([[0, 0], [0, 0], [1, 1], [5, 5]], dtype=float)
    labels = clusters_of_map(points, 3)
    assert labels[0] == labels[1] and len(set(labels.tolist())) == 3


@pytest.mark.parametrize("count", [0, 3])
def test_more_clusters_than_points_is_refused(count):
    with pytest.raises(InputError, match=f"{count} clusters asked for; the map has 2 different points"):
        clusters_of_map(np.array([[0.0, 0.0], [1.0, 1.0], [1.0, 1.0]]), count)


def test_points_without_a_place_are_refused():
    with pytest.raises(InputError, match="no place on the map"):
        clusters_of_map(np.array([[0.0, np.nan]]), 1)
