"""Rank correlation against scipy and by hand."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.stats import rankdata, spearmanr

from kpod.curriculum.ranks import mean_ranks, mean_spearman_within, spearman


def test_ranks_and_correlation_equal_scipys():
    rng = np.random.default_rng(0)
    for _ in range(30):
        a, b = rng.integers(0, 6, 25), rng.random(25)
        assert mean_ranks(a) == pytest.approx(rankdata(a) - 1)
        assert spearman(a, b) == pytest.approx(spearmanr(a, b).statistic)


def test_by_hand():
    assert spearman(np.array([1, 2, 3]), np.array([10, 20, 30])) == pytest.approx(1.0)
    assert spearman(np.array([1, 2, 3]), np.array([3, 2, 1])) == pytest.approx(-1.0)
    assert np.isnan(spearman(np.array([1, 1]), np.array([1, 2])))


def test_within_segments():
    first = np.array([1.0, 2.0, 5.0, 4.0, 9.0, 1.0, 1.0])
    second = np.array([1.0, 2.0, 4.0, 5.0, 0.0, 1.0, 2.0])
    # Segments of +1 and -1, one of a single step and one without two different values.
    assert mean_spearman_within(first, second, np.array([0, 2, 4, 5, 7])) == pytest.approx(0.0)
    assert np.isnan(mean_spearman_within(first[4:5], second[4:5], np.array([0, 1])))


def test_segments_at_once_equal_one_after_the_other():
    rng = np.random.default_rng(1)
    offsets = np.cumsum([0, *rng.integers(1, 9, 60)])
    a, b = rng.integers(0, 4, offsets[-1]).astype(float), rng.random(offsets[-1])
    each = [spearman(a[i:j], b[i:j]) for i, j in itertools.pairwise(offsets)]
    assert mean_spearman_within(a, b, offsets) == pytest.approx(np.nanmean(each))
