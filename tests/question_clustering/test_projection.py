import numpy as np
import pytest

from kpod.question_clustering import project_questions


def groups(size, dimensions=6):
    generator = np.random.default_rng(0)
    return np.concatenate([generator.normal(size=(size, dimensions)), generator.normal(size=(size, dimensions)) + 20])


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 15, 16])
def test_maps_of_few_questions(count):
    places = project_questions(groups(10)[:count])
    assert places.shape == (count, 2)
    assert places.dtype == np.float32
    assert np.isfinite(places).all()


def test_two_questions_keep_their_distance():
    places = project_questions(np.array([[0.0, 0, 3], [0, 4, 0]]))
    assert np.linalg.norm(places[0] - places[1]) == pytest.approx(5)


def test_equal_questions_have_a_map():
    assert np.isfinite(project_questions(np.ones((20, 4)))).all()
    np.testing.assert_array_equal(project_questions(np.ones((3, 4))), np.zeros((3, 2)))


def test_a_map_keeps_groups_apart_and_repeats():
    points = groups(40)
    places = project_questions(points, seed=1)
    np.testing.assert_array_equal(places, project_questions(points, seed=1))
    _assert_apart(places, 40)


@pytest.mark.slow  # numba compiles UMAP's transform
def test_questions_beyond_the_sample_are_placed_among_it():
    points = groups(60)
    places = project_questions(points, seed=1, max_fit=70)
    np.testing.assert_array_equal(places, project_questions(points, seed=1, max_fit=70))
    _assert_apart(places, 60)


def _assert_apart(places, size):
    first, second = places[:size], places[size:]
    spread = max(np.linalg.norm(group - group.mean(axis=0), axis=1).mean() for group in (first, second))
    assert np.linalg.norm(first.mean(axis=0) - second.mean(axis=0)) > 2 * spread
