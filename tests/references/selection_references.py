"""Slow, independent solutions of the selection problem: every subset, and a mixed-integer programme."""

from __future__ import annotations

import itertools

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_matrix


def value_of(gains, clusters, chosen, beta) -> float:
    """g(S) written out."""
    chosen = list(chosen)
    counts = {}
    for index in chosen:
        counts[int(clusters[index])] = counts.get(int(clusters[index]), 0) + 1
    return float(sum(gains[index] for index in chosen) + beta * sum(count**0.5 for count in counts.values()))


def brute_force(gains, clusters, budget, beta) -> float:
    """The optimum by all 2^n subsets, n <= 12."""
    assert len(gains) <= 12
    best = 0.0
    for size in range(1, len(gains) + 1):
        for chosen in itertools.combinations(range(len(gains)), size):
            if sum(gains[index] for index in chosen) <= budget * (1 + 1e-9):
                best = max(best, value_of(gains, clusters, chosen, beta))
    return best


def milp_optimum(gains, clusters, budget, beta, time_limit=20.0) -> tuple[float, float]:
    """The best value that HiGHS found and its proven upper bound.

    x_i in {0, 1}, y_kj in [0, 1], sum_j y_kj = sum_{i in k} x_i, sum delta x <= D; concavity fills y in
    order.
    """
    n = len(gains)
    labels, inverse = np.unique(clusters, return_inverse=True)
    sizes = np.bincount(inverse)
    increments = np.concatenate(
        [np.sqrt(np.arange(1, size + 1)) - np.sqrt(np.arange(size)) for size in sizes]
    )
    y_cluster = np.repeat(np.arange(len(labels)), sizes)
    columns = np.arange(n + n)
    rows = np.concatenate([inverse, y_cluster])
    links = csr_matrix(
        (np.concatenate([np.ones(n), -np.ones(n)]), (rows, columns)), shape=(len(labels), 2 * n)
    )
    cost_row = csr_matrix(np.concatenate([gains, np.zeros(n)])[None, :])
    result = milp(
        -np.concatenate([gains, beta * increments]),
        integrality=np.concatenate([np.ones(n), np.zeros(n)]),
        bounds=Bounds(0, 1),
        constraints=[LinearConstraint(links, 0, 0), LinearConstraint(cost_row, -np.inf, budget)],
        options={"time_limit": time_limit, "mip_rel_gap": 1e-6},
    )
    assert result.x is not None, result.message
    return -result.fun, -result.mip_dual_bound
