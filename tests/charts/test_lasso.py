"""The lasso: what is a polygon, how it stands in an address, what lies in it."""

from __future__ import annotations

import numpy as np
import pytest

from kpod.charts.lasso import inside_polygon, parse_polygon, polygon_text, read_polygon

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
        [[0, 0]] * 401,
        [["a", 1]] * 3,
    ],
)
def test_what_is_no_polygon_is_none(value):
    assert read_polygon(value) is None


def test_a_polygon_is_read():
    assert read_polygon([[0, 0], [1, 0], [1, 1]]).shape == (3, 2)


def test_an_address_gives_back_the_polygon_that_was_put_into_it():
    polygon = np.array([[0.0, -1.5], [12.345, 1e-7], [-3e6, 2.0]])
    assert np.allclose(parse_polygon(polygon_text(polygon)), polygon, rtol=1e-4)


@pytest.mark.parametrize(
    "text", [None, "", "~", "1_2", "1_2~3_4", "a_b~c_d~e_f", "1_2~3_4~5", "nan_0~1_1~2_2", "1_1~" * 5000]
)
def test_an_address_that_names_no_polygon(text):
    assert parse_polygon(text) is None
