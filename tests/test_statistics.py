from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpod.errors import InputError
from kpod.statistics import bootstrap_interval, holm_correction, mcnemar_exact, wilson_interval


def test_wilson_by_hand():
    """5 of 10 at z = 1.96: centre .5, half = 1.96 sqrt(.025 + .009604) / 1.38416 = .2634."""
    low, high = wilson_interval(5, 10)
    assert (low, high) == (pytest.approx(0.2366, abs=1e-4), pytest.approx(0.7634, abs=1e-4))
    assert wilson_interval(0, 10) == (0.0, pytest.approx(0.2775, abs=1e-4))  # z^2 / (n + z^2)
    assert wilson_interval(10, 10)[1] == 1.0


@settings(deadline=None)
@given(st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.floats(0.5, 0.999))
def test_wilson_is_scipys(counts, confidence):
    from scipy.stats import binomtest

    expected = binomtest(*counts).proportion_ci(confidence, method="wilson")
    assert wilson_interval(*counts, confidence) == (
        pytest.approx(expected.low, abs=1e-9),
        pytest.approx(expected.high, abs=1e-9),
    )


def test_mcnemar_by_hand():
    """b = 1, c = 5: p = 2 (1 + 6) / 64."""
    first = [True] * 4 + [True] + [False] * 5 + [False] * 2
    second = [True] * 4 + [False] + [True] * 5 + [False] * 2
    assert mcnemar_exact(first, second) == (1, 5, pytest.approx(14 / 64))
    assert mcnemar_exact(second, first) == (5, 1, pytest.approx(14 / 64))
    assert mcnemar_exact(first, first) == (0, 0, 1.0)
    assert mcnemar_exact([True, False], [False, True]).p_value == 1.0


@settings(deadline=None)
@given(st.integers(0, 1500), st.integers(0, 1500))
def test_mcnemar_is_scipys_binomial_test(only_first, only_second):
    from scipy.stats import binomtest

    first = np.repeat([True, False], [only_first, only_second])
    p_value = mcnemar_exact(first, ~first).p_value
    differing = only_first + only_second
    expected = binomtest(only_first, differing).pvalue if differing else 1.0
    assert p_value == pytest.approx(expected, rel=1e-9, abs=1e-300)


def test_bootstrap_by_hand():
    """Means of resamples of {0, 1} are 0, .5, 1 with shares 1/4, 1/2, 1/4."""
    assert bootstrap_interval([0, 1]) == (0.0, 1.0)
    assert bootstrap_interval([0, 1], confidence=0.4) == (0.5, 0.5)
    assert bootstrap_interval([0.7]) == (0.7, 0.7)


def test_bootstrap_is_close_to_scipys_and_repeats():
    from scipy.stats import bootstrap

    values = np.random.default_rng(0).normal(0.6, 0.05, size=12)
    ours = bootstrap_interval(values)
    assert ours == bootstrap_interval(values)
    theirs = bootstrap((values,), np.mean, n_resamples=10_000, method="percentile", rng=1).confidence_interval
    assert ours == (pytest.approx(theirs.low, abs=2e-3), pytest.approx(theirs.high, abs=2e-3))


def test_bootstrap_of_five_seeds_covers_less_than_it_says():
    """What the docstring says of few values, measured: about 83%."""
    generator = np.random.default_rng(0)
    intervals = [bootstrap_interval(generator.normal(size=5), resamples=500, seed=run) for run in range(1000)]
    assert 0.79 < np.mean([low <= 0 <= high for low, high in intervals]) < 0.88


def test_holm_by_hand():
    """Sorted .01 .02 .03 .04 times 4 3 2 1: .04 .06 .06 .06."""
    assert holm_correction([0.04, 0.01, 0.03, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert holm_correction([0.5, 0.9]) == [1.0, 1.0]
    assert holm_correction([]) == []


@pytest.mark.parametrize(
    ("p_values", "expected"),
    [
        ([0.098, 0.278, 0.0361, 0.0072, 0.5, 0.0361], [0.294, 0.556, 0.1805, 0.0432, 0.556, 0.1805]),
        (
            [0.01, 0.02, 0.02, 0.5, 0.9, 0.0004, 0.049, 0.049, 0.0125],
            [0.08, 0.12, 0.12, 1.0, 1.0, 0.0036, 0.196, 0.196, 0.0875],
        ),
        ([0.2, 0.001, 1.0, 0.0], [0.4, 0.003, 1.0, 0.0]),
        ([0.05], [0.05]),
    ],
)
def test_holm_is_statsmodels(p_values, expected):
    """The values are those of statsmodels 0.15.0: `multipletests(p_values, method="holm")[1]`."""
    assert holm_correction(p_values) == pytest.approx(expected, rel=1e-12)


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), max_size=20))
def test_holm_lies_between_nothing_and_bonferroni(p_values):
    adjusted = holm_correction(p_values)
    for p, value in zip(p_values, adjusted, strict=True):
        assert p <= value <= min(1.0, len(p_values) * p) + 1e-12
    in_order = [adjusted[i] for i in np.argsort(p_values, kind="stable")]
    assert in_order == sorted(in_order)
    # The step-down procedure, as Holm states it: reject until the first p above level / (m - k).
    for level in (0.01, 0.05, 0.3):
        rejected = 0
        for k, p in enumerate(sorted(p_values)):
            if (len(p_values) - k) * p > level + 1e-12:
                break
            rejected += 1
        assert rejected == pytest.approx(sum(value <= level + 1e-12 for value in adjusted))


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_is_the_closed_testing_procedure(p_values):
    """Adjusted p of a hypothesis = the largest Bonferroni p of any set that it is in (Marcus et al. 1976)."""
    indices = range(len(p_values))
    subsets = [subset for size in range(1, len(p_values) + 1) for subset in combinations(indices, size)]
    bonferroni = [min(1.0, len(subset) * min(p_values[i] for i in subset)) for subset in subsets]
    expected = [max(p for p, subset in zip(bonferroni, subsets, strict=True) if i in subset) for i in indices]
    assert holm_correction(p_values) == pytest.approx(expected)


def test_bad_input():
    for correct, total in ((1, 0), (5, 4), (-1, 4)):
        with pytest.raises(InputError, match="no share"):
            wilson_interval(correct, total)
    with pytest.raises(InputError, match=r"confidence is 95"):
        wilson_interval(1, 2, confidence=95)
    with pytest.raises(InputError, match=r"confidence is 1"):
        bootstrap_interval([1, 2], confidence=1)
    with pytest.raises(InputError, match="2 and 1 results"):
        mcnemar_exact([True, True], [True])
    for values in ([], [float("nan")]):
        with pytest.raises(InputError, match="at least one, all finite"):
            bootstrap_interval(values)
    with pytest.raises(InputError, match=r"within 0\.\.1"):
        holm_correction([0.1, 1.2])
