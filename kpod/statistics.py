"""Intervals and tests for accuracies: Wilson, McNemar, bootstrap over seeds, Holm."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from kpod.errors import InputError


class Interval(NamedTuple):
    low: float
    high: float


class McNemar(NamedTuple):
    """only_first, only_second: questions that only the one got right. p_value: two-sided, exact."""

    only_first: int
    only_second: int
    p_value: float


def wilson_interval(correct: int, total: int, confidence: float = 0.95) -> Interval:
    """Wilson's score interval of a share, within [0, 1] (Wilson 1927).

    centre +- half, centre = (p + z^2/2n) / (1 + z^2/n), half = z sqrt(p(1-p)/n + z^2/4n^2) / (1 + z^2/n).
    Raises InputError where not 0 <= correct <= total with total >= 1.
    """
    if not (total >= 1 and 0 <= correct <= total):
        raise InputError(f"{correct} right of {total} is no share; total must be at least 1, right in 0..total.")
    z = _normal_quantile(confidence)
    share = correct / total
    scale = 1 + z * z / total
    centre = (share + z * z / (2 * total)) / scale
    half = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total)) / scale
    # Exactly 0 and 1 at the ends, where rounding would leave 1e-17.
    return Interval(0.0 if correct == 0 else centre - half, 1.0 if correct == total else centre + half)


def mcnemar_exact(first: Sequence[bool], second: Sequence[bool]) -> McNemar:
    """McNemar's exact test of two runs on the same questions, in the same order.

    Of the b + c questions on which the runs differ, b ~ Binomial(b + c, 1/2) if neither is better:
    p = min(1, 2 P(X <= min(b, c))). Runs that differ nowhere have p = 1. Raises InputError for other lengths.
    """
    if len(first) != len(second):
        raise InputError(f"{len(first)} and {len(second)} results; a paired test needs the same questions in both.")
    first, second = np.asarray(first, dtype=bool), np.asarray(second, dtype=bool)
    only_first, only_second = int((first & ~second).sum()), int((~first & second).sum())
    differing = only_first + only_second
    # Integers are exact, where powers of one half would vanish from about a thousand on.
    ways = term = 1
    for k in range(min(only_first, only_second)):
        term = term * (differing - k) // (k + 1)  # differing choose k + 1
        ways += term
    return McNemar(only_first, only_second, min(1.0, 2 * ways / 2**differing))


def bootstrap_interval(
    values: Sequence[float], confidence: float = 0.95, resamples: int = 10_000, seed: int = 0
) -> Interval:
    """Percentile bootstrap of the mean of `values` (a run's figure under several seeds), by a fixed seed.

    With one value the interval is that value: one seed says nothing of the spread. With few it is too narrow
    (five values: 95% covers about 83% of normal data), which plots should say by showing the values.
    Raises InputError for no values or values that are not finite.
    """
    values = np.asarray(values, dtype=np.float64)
    if not values.size or not np.isfinite(values).all():
        raise InputError(f"The values are {values.tolist()}; give at least one, all finite.")
    _check_confidence(confidence)
    generator = np.random.default_rng(seed)
    means = values[generator.integers(values.size, size=(resamples, values.size))].mean(axis=1)
    low, high = np.quantile(means, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(float(low), float(high))


def holm_correction(p_values: Sequence[float]) -> list[float]:
    """p-values adjusted for being several, in the given order (Holm 1979).

    Sorted ascending, adjusted_(k) = max over j <= k of min(1, (m - j + 1) p_(j)).
    Raises InputError for a p-value outside 0..1.
    """
    if not all(0 <= p <= 1 for p in p_values):
        raise InputError(f"The p-values are {list(p_values)}; each must be within 0..1.")
    adjusted, largest = [0.0] * len(p_values), 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = largest
    return adjusted


def _normal_quantile(confidence: float) -> float:
    _check_confidence(confidence)
    return NormalDist().inv_cdf((1 + confidence) / 2)


def _check_confidence(confidence: float) -> None:
    if not 0 < confidence < 1:
        raise InputError(f"The confidence is {confidence}; it must be between 0 and 1, such as 0.95.")
