"""The `structured` selector: sort, fill, swap (it exploits that the cheapest items of a cluster are best).

For fixed counts by cluster the second term of g is fixed, so item j of a cluster sorted by gain brings
the diversity sqrt(j) - sqrt(j - 1) at the cost delta_j, a density that falls along j. The prefix by
falling density, with its last item cut to fit, is the optimum of the relaxed problem: OPT <= budget +
beta * its diversity.

Up to 12 candidates are solved outright. Where few items or heavy tails leave a gap to that bound, the
same is tried with one large item put in first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kpod.curriculum.exact import MAX_ITEMS, select_exact
from kpod.curriculum.swaps import swap_within_clusters
from kpod.curriculum.value import diversity_increments

# Seeds can win little more than the budget left over, so with less than this share of the bound none is tried.
GOOD_ENOUGH = 1e-3
MAX_SEEDS = 12
# Where more candidates wait, a seed costs more than it can win.
MAX_ITEMS_FOR_SEEDS = 5_000
MAX_SEED_ROUNDS = 3


@dataclass(frozen=True)
class SortedItems:
    """The candidates, sorted by cluster and then by gain, on top of `base_counts` items that are taken
    already."""

    questions: np.ndarray  # (items,) index of the caller's arrays
    gains: np.ndarray  # (items,)
    clusters: np.ndarray  # (items,)
    base_counts: np.ndarray  # (clusters,)

    @property
    def starts(self) -> np.ndarray:
        """Where each cluster starts, (clusters + 1,)."""
        return np.searchsorted(self.clusters, np.arange(len(self.base_counts) + 1))

    def with_one_taken(self, position: int) -> SortedItems:
        """Without the item at `position`, which counts as taken."""
        base_counts = self.base_counts.copy()
        base_counts[self.clusters[position]] += 1
        rest = (np.delete(one, position) for one in (self.questions, self.gains, self.clusters))
        return SortedItems(*rest, base_counts)


@dataclass(frozen=True)
class Solution:
    """What is chosen from one SortedItems; value and bound are of g, over and above `base_counts`."""

    taken: np.ndarray  # (items,) bool
    value: float
    bound: float


def select_structured(gains, clusters, num_clusters, budget, beta, tolerance) -> tuple[np.ndarray, float]:
    """Indices of the chosen items, rising, and an upper bound of g over all sets within the budget."""
    limit = budget + tolerance
    candidates = np.flatnonzero(gains <= limit)
    if beta == 0:
        # Without the diversity term the clusters mean nothing; the cheapest first, whatever their cluster.
        clusters, num_clusters = np.zeros(len(gains), dtype=np.int64), 1
    total = gains[candidates].sum()
    if total <= limit:
        counts = np.bincount(clusters[candidates], minlength=num_clusters)
        return candidates, float(total + beta * np.sqrt(counts).sum())
    if len(candidates) <= MAX_ITEMS:
        best, value = select_exact(gains[candidates], clusters[candidates], limit, beta)
        return candidates[best], value
    return select_by_density(gains, clusters, num_clusters, candidates, limit, beta)


def select_by_density(gains, clusters, num_clusters, candidates, limit, beta) -> tuple[np.ndarray, float]:
    """The same among `candidates`, which fit one by one but not all together: sort, fill, swap, try seeds."""
    items = _sort(gains, clusters, num_clusters, candidates)
    solution = _solve(items, limit, beta)
    chosen = items.questions[solution.taken]
    unspent = limit - gains[chosen].sum()
    if unspent > GOOD_ENOUGH * solution.bound and len(candidates) <= MAX_ITEMS_FOR_SEEDS:
        chosen = _improve_by_seeds(items, solution, limit, beta)
    return np.sort(chosen), solution.bound


def _sort(gains, clusters, num_clusters, candidates) -> SortedItems:
    by_gain = candidates[np.argsort(gains[candidates], kind="stable")]
    # numpy sorts 16-bit integers by radix, in linear time.
    labels = clusters[by_gain].astype(np.uint16 if num_clusters <= 65536 else np.int64)
    questions = by_gain[np.argsort(labels, kind="stable")]
    return SortedItems(questions, gains[questions], clusters[questions], np.zeros(num_clusters, dtype=np.int64))


def _solve(items: SortedItems, limit: float, beta: float) -> Solution:
    """Prefix by falling density, fill, swap."""
    starts = items.starts
    ranks = np.arange(len(items.gains)) - starts[items.clusters] + items.base_counts[items.clusters]
    increments = diversity_increments(ranks)
    # Cost per diversity, rising: no division by a gain of 0, which comes first.
    by_density = np.argsort(items.gains / increments, kind="stable")
    spent = np.cumsum(items.gains[by_density])
    num_taken = int(np.searchsorted(spent, limit, side="right"))
    prefix = by_density[:num_taken]
    taken = np.zeros(len(items.gains), dtype=bool)
    taken[prefix] = True
    counts = np.bincount(items.clusters[prefix], minlength=len(items.base_counts))
    slack = limit - (spent[num_taken - 1] if num_taken else 0.0)
    bound = limit + beta * increments[prefix].sum()
    if num_taken < len(by_density):
        cut = by_density[num_taken]
        bound += beta * slack / items.gains[cut] * increments[cut]
    else:
        bound -= slack
    slack = _fill(items, starts, taken, counts, slack, beta)
    swap_within_clusters(items, starts, taken, counts, slack, limit)
    diversity = (np.sqrt(items.base_counts + counts) - np.sqrt(items.base_counts)).sum()
    return Solution(taken, float(items.gains[taken].sum() + beta * diversity), float(bound))


def _fill(items: SortedItems, starts, taken, counts, slack: float, beta: float) -> float:
    """Add the cluster head of the largest gain in g that still fits, until none does; returns the slack left.

    `taken` and `counts` are updated. The head is the cheapest item left, so where it does not fit none does.
    """
    last = max(0, len(items.gains) - 1)
    while len(items.gains):
        heads = starts[:-1] + counts
        costs = np.where(heads < starts[1:], items.gains[np.minimum(heads, last)], np.inf)
        fitting = costs <= slack
        if not fitting.any():
            break
        worth = np.where(fitting, costs + beta * diversity_increments(items.base_counts + counts), -np.inf)
        best = int(worth.argmax())
        taken[heads[best]] = True
        counts[best] += 1
        slack -= costs[best]
    return slack


def _improve_by_seeds(items: SortedItems, first: Solution, limit: float, beta: float) -> np.ndarray:
    """The questions of the best solution that starts from one, two or three items put in by hand.

    The density order never reaches a large item, which heavy tails make worth its cost. A round goes on from
    the best seed of the round before, even where that one alone does not win.
    """
    best, best_value = items.questions[first.taken], first.value
    seeds, seeds_value, current = np.zeros(0, dtype=np.int64), 0.0, first
    for _ in range(MAX_SEED_ROUNDS):
        tried = []
        for position in _promising_seeds(items, current, limit):
            worth = items.gains[position] + beta * float(
                diversity_increments(items.base_counts[items.clusters[position]])
            )
            rest = items.with_one_taken(position)
            solution = _solve(rest, limit - items.gains[position], beta)
            tried.append((seeds_value + worth + solution.value, worth, position, rest, solution))
        if not tried:
            break
        value, worth, position, rest, current = max(tried, key=lambda one: one[0])
        seeds, seeds_value = np.append(seeds, items.questions[position]), seeds_value + worth
        limit -= items.gains[position]
        items = rest
        if value > best_value:
            best, best_value = np.concatenate([seeds, items.questions[current.taken]]), value
    return best


def _promising_seeds(items: SortedItems, current: Solution, limit: float) -> np.ndarray:
    """Untaken items, spread over the range of their gains from the cheapest to the largest that fits."""
    untaken = np.flatnonzero(~current.taken & (items.gains <= limit))
    by_gain = untaken[np.argsort(items.gains[untaken], kind="stable")]
    if len(by_gain) <= MAX_SEEDS:
        return by_gain
    return by_gain[np.unique(np.linspace(0, len(by_gain) - 1, MAX_SEEDS).round().astype(np.int64))]
