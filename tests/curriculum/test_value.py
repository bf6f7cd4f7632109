"""The value of a set by hand (Eq. 12) and beta in relative units."""

from __future__ import annotations

import numpy as np
import pytest

from kpod.curriculum.value import beta_from_relative, diversity_increments, paper_value, value_terms

GAINS = np.array([1.0, 2.0, 4.0, 0.5])
CLUSTERS = np.array([0, 0, 2, 2])


def test_hand_worked_terms():
    gain_term, diversity_term = value_terms(GAINS, CLUSTERS, np.array([0, 1, 3]), beta=12.0)
    assert gain_term == 3.5
    assert diversity_term == pytest.approx(12 * (2**0.5 + 1))
    assert value_terms(GAINS, CLUSTERS, np.array([], dtype=int), beta=12.0) == (0.0, 0.0)


def test_eq_12_is_g_minus_the_budget_and_negative_at_the_empty_set():
    chosen = np.array([0, 2])
    gain_term, diversity_term = value_terms(GAINS, CLUSTERS, chosen, beta=3.0)
    # F = -(D - H(t-1) - sum delta) + beta * sum sqrt = -(9 - 5) + 3 * 2
    assert paper_value(GAINS, CLUSTERS, chosen, budget=9.0, beta=3.0) == 2.0
    assert gain_term + diversity_term - 9.0 == 2.0
    assert paper_value(GAINS, CLUSTERS, np.array([], dtype=int), budget=9.0, beta=3.0) == -9.0


def test_increments_add_up_to_the_root_without_cancelling():
    assert diversity_increments(np.arange(9)).sum() == pytest.approx(3.0)
    # sqrt(j + 1) - sqrt(j) computed as written keeps four digits at this j.
    assert diversity_increments(np.array([10**12]))[0] == pytest.approx(5e-7, rel=1e-12)


def test_hand_worked_relative_beta():
    # Four questions of mean gain 2, budget 4: two expected picks, one in each cluster of two.
    gains, clusters = np.array([1.0, 3.0, 2.0, 2.0]), np.array([0, 0, 1, 1])
    assert beta_from_relative(1.0, gains, clusters, 2, budget=4.0) == pytest.approx(4.0 / 2.0)
    assert beta_from_relative(0.5, gains, clusters, 2, budget=4.0) == pytest.approx(1.0)
    assert beta_from_relative(1.0, gains, clusters, 2, budget=0.0) == 0.0


def test_relative_beta_is_free_of_scale():
    rng = np.random.default_rng(1)
    gains, clusters = rng.gamma(2.0, 0.5, 40), rng.integers(0, 3, 40)
    ones = beta_from_relative(2.0, gains, clusters, 3, budget=10.0)
    assert beta_from_relative(2.0, 1000 * gains, clusters, 3, budget=10_000.0) == pytest.approx(1000 * ones)
