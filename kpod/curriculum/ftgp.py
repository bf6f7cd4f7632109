"""The `ftgp` selector: threshold greedy with prefix post-processing, the algorithm that the paper names.

Proposition 3.1 cites FTGP (Li, Feldman, Kazemi and Karbasi, "Submodular Maximization in Clean Linear Time",
NeurIPS 2022): (1/2 - eps) of the optimum under a knapsack in O(n / eps * log(1 / eps)) evaluations. This is a
reconstruction of that type from its guarantee, not its pseudo-code.
"""

from __future__ import annotations

from math import sqrt

import numpy as np

from kpod.curriculum.value import diversity_increments

EPSILON = 0.1
CHUNK = 4096
EVERY = slice(None)


def select_ftgp(gains, clusters, num_clusters, budget, beta, tolerance, epsilon=EPSILON) -> np.ndarray:
    """Indices of the chosen items, rising; g is at least (1/2 - epsilon) of the optimum."""
    limit = budget + tolerance
    free = np.flatnonzero(gains == 0)
    paid = np.flatnonzero((gains > 0) & (gains <= limit))
    if gains[paid].sum() <= limit:
        return np.sort(np.concatenate([free, paid]))
    # A gain of 0 costs nothing and never lowers g: it is taken first, and the rest is valued on top of it.
    base = np.bincount(clusters[free], minlength=num_clusters)
    problem = _Problem(gains[paid], clusters[paid], base, limit, beta)
    estimate = problem.estimate_optimum()
    order = problem.threshold_greedy(estimate, epsilon)
    return np.sort(np.concatenate([free, paid[problem.best_prefix(order, epsilon)]]))


class _Problem:
    """Items with a positive gain that fits, and what the free items already hold of each cluster."""

    def __init__(self, gains, clusters, base_counts, limit: float, beta: float) -> None:
        self.gains, self.clusters, self.base_counts = gains, clusters, base_counts
        self.limit, self.beta = limit, beta

    def densities(self, counts: np.ndarray, part: slice = EVERY) -> np.ndarray:
        """g(u | S) / cost(u) of every item of `part`, given how many S holds of each cluster."""
        return 1.0 + self.beta * diversity_increments(counts)[self.clusters[part]] / self.gains[part]

    def value(self, chosen: np.ndarray) -> float:
        """g of the items `chosen`, over and above the free ones."""
        counts = self.base_counts + np.bincount(self.clusters[chosen], minlength=len(self.base_counts))
        diversity = np.sqrt(counts).sum() - np.sqrt(self.base_counts).sum()
        return float(self.gains[chosen].sum() + self.beta * diversity)

    def estimate_optimum(self) -> float:
        """G with G <= OPT <= 8 G, by one pass that keeps what is dense against the value so far."""
        counts = self.base_counts.tolist()
        gains, clusters = self.gains.tolist(), self.clusters.tolist()
        chosen: list[int] = []
        value = 0.0
        for start in range(0, len(gains), CHUNK):
            # Densities only fall and the value only grows, so what fails now fails later.
            stale = self.densities(np.array(counts), slice(start, start + CHUNK))
            for item in (start + np.flatnonzero(stale >= value / self.limit)).tolist():
                count = counts[clusters[item]]
                gain = gains[item] + self.beta / (sqrt(count + 1) + sqrt(count))
                if gain / gains[item] >= value / self.limit:
                    chosen.append(item)
                    counts[clusters[item]] += 1
                    value += gain
        order = np.array(chosen)
        backwards = np.cumsum(self.gains[order[::-1]])
        suffix = order[len(order) - np.searchsorted(backwards, self.limit, side="right") :]
        single = (self.gains + self.beta * diversity_increments(self.base_counts)[self.clusters]).max()
        return max(self.value(suffix), float(single))

    def threshold_greedy(self, estimate: float, epsilon: float) -> np.ndarray:
        """Items in the order in which they were added as the density threshold falls."""
        counts = self.base_counts.tolist()
        gains, clusters = self.gains.tolist(), self.clusters.tolist()
        last_density = self.densities(self.base_counts)  # a stale density is an upper bound
        order: list[int] = []
        spent = 0.0
        threshold = 8 * estimate / (epsilon * self.limit)
        while threshold >= (1 - epsilon) * estimate / (2 * self.limit):
            passing = np.flatnonzero((last_density >= threshold) & (self.gains <= self.limit - spent))
            densities = last_density[passing].tolist()
            for place, item in enumerate(passing.tolist()):
                if spent + gains[item] > self.limit:
                    continue  # it is skipped, not a stop
                count = counts[clusters[item]]
                density = 1.0 + self.beta / (sqrt(count + 1) + sqrt(count)) / gains[item]
                densities[place] = density
                if density >= threshold:
                    order.append(item)
                    counts[clusters[item]] += 1
                    spent += gains[item]
                    densities[place] = -1.0  # never again
            last_density[passing] = densities
            threshold *= 1 - epsilon
        return np.array(order, dtype=np.int64)

    def best_prefix(self, order: np.ndarray, epsilon: float) -> np.ndarray:
        """The best of the whole order and of its prefixes with the best single item that still fits."""
        best, best_value = order, self.value(order)
        spent = np.cumsum(self.gains[order])
        caps = self.limit * (1 - 1e-12) * (1 + epsilon) ** -np.arange(np.ceil(-np.log(epsilon) / np.log1p(epsilon)) + 1)
        lengths = np.searchsorted(spent, np.append(caps[caps >= epsilon * self.limit], 0.0), side="right")
        for length in np.unique(lengths).tolist():
            prefix = order[:length]
            counts = self.base_counts + np.bincount(self.clusters[prefix], minlength=len(self.base_counts))
            worth = self.gains * self.densities(counts)
            worth[prefix] = -np.inf
            worth[self.gains > self.limit - (spent[length - 1] if length else 0.0)] = -np.inf
            extra = int(worth.argmax())
            chosen = np.append(prefix, extra) if np.isfinite(worth[extra]) else prefix
            value = self.value(chosen)
            if value > best_value:
                best, best_value = chosen, value
        return best
