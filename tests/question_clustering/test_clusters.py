import numpy as np
import pytest

from kpod.errors import InputError
from kpod.question_clustering import cluster_questions, cluster_terms, silhouette


def blobs(sizes, seed=0, apart=10.0):
    generator = np.random.default_rng(seed)
    return np.concatenate([generator.normal(size=(size, 4)) + apart * index for index, size in enumerate(sizes)])


def test_clusters_find_the_groups_and_the_largest_comes_first():
    clusters = cluster_questions(blobs([10, 40, 20]), 3)
    assert clusters.tolist() == [2] * 10 + [0] * 40 + [1] * 20
    assert clusters.dtype == np.int64


def test_clusters_of_one_seed_are_the_same_twice():
    points = np.random.default_rng(1).normal(size=(300, 8))
    np.testing.assert_array_equal(cluster_questions(points, 5, seed=3), cluster_questions(points, 5, seed=3))
    assert sorted(set(cluster_questions(points, 5))) == [0, 1, 2, 3, 4]


def test_one_cluster_and_as_many_as_questions():
    assert cluster_questions(blobs([5]), 1).tolist() == [0] * 5
    assert sorted(cluster_questions(blobs([5]), 5).tolist()) == [0, 1, 2, 3, 4]


def test_bad_input():
    points = np.array([[0.0, 1], [0, 1], [2, 3]])
    with pytest.raises(InputError, match=r"3 clusters of 2 distinct questions.*num_clusters to 2"):
        cluster_questions(points, 3)
    with pytest.raises(InputError, match="number of clusters is 0"):
        cluster_questions(points, 0)
    with pytest.raises(InputError, match=r"question 1 .* not finite"):
        cluster_questions(np.array([[0.0], [np.nan]]), 1)


def test_silhouette_by_hand():
    """Points 0, 1 | 10, 11: a = 1; b = 10.5 for the outer points and 9.5 for the inner ones."""
    points, clusters = np.array([[0.0], [1], [10], [11]]), np.array([0, 0, 1, 1])
    assert silhouette(points, clusters) == pytest.approx(((1 - 1 / 10.5) + (1 - 1 / 9.5)) / 2)
    assert silhouette(points, np.zeros(4, int)) is None
    assert silhouette(points, np.arange(4)) is None


def test_silhouette_of_a_sample_is_close_and_repeats():
    points = blobs([300, 300], apart=2)
    clusters = np.repeat([0, 1], 300)
    sampled = silhouette(points, clusters, max_sample=200)
    assert sampled == silhouette(points, clusters, max_sample=200)
    assert sampled == pytest.approx(silhouette(points, clusters), abs=0.05)


def test_terms_mark_their_cluster():
    texts = ["The pens and the box", "pens, pens in a shop", "Rain on the shop", "How much rain and snow?"]
    terms = cluster_terms(texts, np.array([0, 0, 1, 1]), top=3)
    assert terms == [["pens", "box", "shop"], ["rain", "snow", "shop"]]


def test_terms_by_hand():
    """Cluster 0: pens 2, shop 1; cluster 1: shop 1. Mean words a cluster 2.
    pens: 2/3 log(1 + 2/2) = .462; shop in 0: 1/3 log(1 + 2/2) = .231."""
    assert cluster_terms(["pens pens shop", "shop"], np.array([0, 1])) == [["pens", "shop"], ["shop"]]
    assert cluster_terms(["12 + 3", "shop"], np.array([0, 1])) == [[], ["shop"]]
