"""Rank correlation, with ties sharing their mean rank."""

from __future__ import annotations

import itertools

import numpy as np


def mean_ranks(values: np.ndarray) -> np.ndarray:
    """Rank of each value from 0; equal values share the mean of theirs."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - (counts + 1) / 2)[inverse]


def spearman(first: np.ndarray, second: np.ndarray) -> float:
    """Spearman's rank correlation in -1..1; NaN where one side has no two different values."""
    a, b = mean_ranks(first), mean_ranks(second)
    a, b = a - a.mean(), b - b.mean()
    scale = np.sqrt((a @ a) * (b @ b))
    return float(a @ b / scale) if scale > 0 else float("nan")


def mean_spearman_within(first: np.ndarray, second: np.ndarray, offsets: np.ndarray) -> float:
    """Mean over the segments `offsets[i]:offsets[i + 1]` of their rank correlation, where it is defined."""
    segments = itertools.pairwise(offsets.tolist())
    each = [spearman(first[start:end], second[start:end]) for start, end in segments if end - start > 1]
    defined = [one for one in each if not np.isnan(one)]
    return float(np.mean(defined)) if defined else float("nan")
