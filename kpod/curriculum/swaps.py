"""Swaps within a cluster: they leave the diversity as it is and use up what is left of the budget."""

from __future__ import annotations

import numpy as np

MAX_SWAPS = 64
# A swap wins at most the slack, so it is not worth a search where the slack is this share of the budget.
NEGLIGIBLE_SLACK = 1e-7
# Swaps look this many items to either side of the cuts, all clusters together: it keeps them linear and
# cheap, and with so many pairs to choose from nothing is lost.
SWAP_WINDOW = 100_000


def swap_within_clusters(items, starts, taken, counts, slack: float, limit: float) -> None:
    """Swap a taken item for a dearer untaken one of its cluster that uses the most of the slack, while
    that helps.

    `items` is sorted by cluster and gain (see `structured.SortedItems`); `taken` is updated, the `counts`
    taken of each cluster stay.
    """
    if slack <= NEGLIGIBLE_SLACK * limit or not len(items.gains):
        return
    window = max(32, SWAP_WINDOW // len(counts))
    cuts = (starts[:-1] + counts)[items.clusters]
    near = np.flatnonzero(np.abs(np.arange(len(items.gains)) - cuts) <= window)
    labels = np.arange(len(counts) + 1)
    for _ in range(MAX_SWAPS):
        inside, outside = near[taken[near]], near[~taken[near]]
        if slack <= NEGLIGIBLE_SLACK * limit or not len(inside) or not len(outside):
            return
        bounds = np.searchsorted(items.clusters[outside], labels)
        first, last = bounds[items.clusters[inside]], bounds[items.clusters[inside] + 1]
        above = search_segments(items.gains[outside], first, last, items.gains[inside] + slack)
        partner = outside[np.maximum(above - 1, 0)]
        wins = items.gains[partner] - items.gains[inside]
        # The sum gains + slack rounds, so the win is held against the slack itself.
        wins[(above == first) | (wins > slack)] = -np.inf
        best = int(wins.argmax())
        if not wins[best] > 0:
            return
        taken[inside[best]] = False
        taken[partner[best]] = True
        slack -= wins[best]


def search_segments(values, first, last, targets) -> np.ndarray:
    """For each target the first position in [first, last) whose value is above it; values rise within a
    segment."""
    low, high = first.copy(), last.copy()
    for _ in range(int((last - first).max(initial=0)).bit_length()):
        middle = (low + high) // 2
        below = (low < high) & (values[np.minimum(middle, len(values) - 1)] <= targets)
        low, high = np.where(below, middle + 1, low), np.where(below, high, middle)
    return low
