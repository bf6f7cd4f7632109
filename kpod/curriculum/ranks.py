"""Rank correlation, with ties sharing their mean rank."""

from __future__ import annotations

import numpy as np


def mean_ranks(values: np.ndarray, groups: np.ndarray | None = None) -> np.ndarray:
    """Mean rank of each value from 0 among those of its group (integers from 0), all being one group by default.

    Ranks of different groups do not overlap: those of group 1 follow those of group 0, and so on.
    """
    if groups is None:
        order = np.argsort(values)
        new = np.diff(values[order]) != 0
    else:
        order = np.lexsort((values, groups))
        new = (np.diff(values[order]) != 0) | (np.diff(groups[order]) != 0)
    tie = np.cumsum(np.concatenate([[0], new]))
    counts = np.bincount(tie)
    ranks = np.empty(len(values))
    ranks[order] = (np.cumsum(counts) - (counts + 1) / 2)[tie]
    return ranks


def spearman(first: np.ndarray, second: np.ndarray) -> float:
    """Spearman's rank correlation in -1..1; NaN where one side has no two different values."""
    a, b = (ranks - ranks.mean() for ranks in (mean_ranks(first), mean_ranks(second)))
    scale = np.sqrt((a @ a) * (b @ b))
    return float((a @ b) / scale) if scale > 0 else float("nan")


def mean_spearman_within(first: np.ndarray, second: np.ndarray, offsets: np.ndarray) -> float:
    """Mean over the segments `offsets[i]:offsets[i + 1]` of their rank correlation, where it is defined; else NaN."""
    lengths = np.diff(offsets)
    groups = np.repeat(np.arange(len(lengths)), lengths)
    a, b = (_centred(mean_ranks(values, groups), groups, lengths) for values in (first, second))
    scales = np.sqrt(np.bincount(groups, weights=a * a) * np.bincount(groups, weights=b * b))
    defined = scales > 0
    if not defined.any():
        return float("nan")
    return float((np.bincount(groups, weights=a * b)[defined] / scales[defined]).mean())


def _centred(ranks: np.ndarray, groups: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    return ranks - (np.bincount(groups, weights=ranks) / lengths)[groups]
