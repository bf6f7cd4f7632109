"""Paired comparison: exact by enumeration, McNemar's where there is one seed, intervals that cover."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from kpod.errors import InputError
from kpod.paired_comparison import compare_paired, sign_flip_p
from kpod.statistics import mcnemar_exact


def by_enumeration(differences):
    sizes = [abs(each) for each in differences]
    sums = [sum(s * d for s, d in zip(signs, sizes, strict=True)) for signs in product((-1, 1), repeat=len(sizes))]
    return np.mean([abs(each) >= abs(sum(differences)) for each in sums])


@pytest.mark.parametrize("differences", [[1], [0, 0], [3, -1, 2], [1, 1, 1, -1, 2, 0, 3], [-2, -2, -2, 1, 1]])
def test_the_p_value_is_that_of_all_sign_changes(differences):
    assert sign_flip_p(differences) == pytest.approx(by_enumeration(differences))


def test_with_one_seed_it_is_mcnemars_exact_test():
    rng = np.random.default_rng(0)
    for _ in range(20):
        first, second = rng.random(60) < 0.6, rng.random(60) < 0.4
        found = compare_paired([first], [second], resamples=10)
        expected = mcnemar_exact(first, second)
        assert found.p_value == pytest.approx(expected.p_value)
        assert (found.only_first, found.only_second) == (expected.only_first, expected.only_second)


@pytest.mark.parametrize("seed", range(12))
def test_it_is_scipys_permutation_test_of_paired_samples(seed):
    """All 2^12 ways to swap the two methods' answers to a question, of which some are answered alike by both."""
    from scipy.stats import permutation_test

    rng = np.random.default_rng(seed)
    first, second = rng.random((3, 12)) < 0.8, rng.random((3, 12)) < 0.8 - 0.04 * seed
    theirs = permutation_test(
        (first.sum(axis=0), second.sum(axis=0)), lambda one, other, axis: (one - other).mean(axis=axis),
        permutation_type="samples", vectorized=True, n_resamples=np.inf,
    )  # fmt: skip
    assert len(theirs.null_distribution) == 2**12
    assert compare_paired(first, second, resamples=10).p_value == pytest.approx(theirs.pvalue, rel=1e-12)


def test_the_same_answers_under_three_seeds_are_no_more_evidence_than_one():
    rng = np.random.default_rng(1)
    first, second = rng.random(40) < 0.6, rng.random(40) < 0.4
    once, thrice = (compare_paired([first] * n, [second] * n, resamples=10) for n in (1, 3))
    assert thrice.p_value == pytest.approx(once.p_value)
    assert thrice.difference == pytest.approx(first.mean() - second.mean())
    assert thrice.only_first == 3 * once.only_first


def test_the_interval_covers_the_difference_about_as_often_as_it_says():
    rng = np.random.default_rng(2)
    covered = 0
    for repeat in range(100):
        hard = rng.random(120)  # shared by both methods: answers are paired
        first, second = ((rng.random((6, 120)) < share * hard) for share in (1.0, 0.7))
        low, high = compare_paired(first, second, resamples=200, seed=repeat).interval
        covered += low <= 0.15 <= high
    assert 0.87 <= covered / 100 <= 1.0


def test_shapes_must_be_the_same():
    with pytest.raises(InputError, match=r"shapes \(1, 2\) and \(1, 3\)"):
        compare_paired([[True, False]], [[True, False, True]])
