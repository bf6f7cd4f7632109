"""What a set of questions is worth: the two terms of g, and beta in relative units (Eq. 12).

Eq. 12 values a set S as F(S) = -(D(t) - H(t-1) - sum_{i in S} delta_i) + beta * sum_k sqrt(|C_k and S|). F is
negative at the empty set, so guarantees are stated on g(S) = F(S) + (D(t) - H(t-1)), which differs by a
constant: g(empty) = 0, g is monotone and submodular.
"""

from __future__ import annotations

import numpy as np


def value_terms(gains: np.ndarray, clusters: np.ndarray, indices: np.ndarray, beta: float) -> tuple[float, float]:
    """The gain term sum delta_i and the diversity term beta * sum_k sqrt(|C_k and S|) of S = `indices`."""
    picks_by_cluster = np.bincount(clusters[indices]) if len(indices) else np.zeros(0)
    return float(gains[indices].sum()), float(beta * np.sqrt(picks_by_cluster).sum())


def paper_value(gains, clusters, indices, budget: float, beta: float) -> float:
    """F of Eq. 12: minus the budget left unused, plus the diversity term; F(S) = g(S) - budget."""
    gain_term, diversity_term = value_terms(gains, clusters, indices, beta)
    return -(budget - gain_term) + diversity_term


def diversity_increments(ranks: np.ndarray) -> np.ndarray:
    """sqrt(j + 1) - sqrt(j) for ranks j, in the form that does not cancel at large j."""
    ranks = np.asarray(ranks, dtype=np.float64)
    return 1.0 / (np.sqrt(ranks + 1.0) + np.sqrt(ranks))


def beta_from_relative(relative_beta: float, gains, clusters, num_clusters: int, budget: float) -> float:
    """beta = b * deltaD / sum_k sqrt(m_k): at b = 1 the two terms weigh about the same.

    deltaD is the budget of the stage (or all the gain there is, where that is less). m_k is the proportional
    allocation: the questions that deltaD buys at the mean gain, shared by the clusters as the candidates are.
    """
    total_gain = float(gains.sum())
    spendable = min(budget, total_gain)
    if spendable <= 0:
        return 0.0
    expected_picks = spendable / total_gain * len(gains)
    by_cluster = np.bincount(clusters, minlength=num_clusters) / len(gains) * expected_picks
    return relative_beta * spendable / float(np.sqrt(by_cluster).sum())
