"""Slow, independent solutions of the selection problem: every subset, and a mixed-integer programme."""

from __future__ import annotations

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_matrix


def value_of(gains, clusters, chosen, beta) -> float:
    """g(S), written out with plain loops."""
    counts: dict[int, int] = {}
    for index in chosen:
        counts[int(clusters[index])] = counts.get(int(clusters[index]), 0) + 1
    return float(sum(gains[index] for index in chosen) + beta * sum(count**0.5 for count in counts.values()))


def brute_force(gains, clusters, budget, beta) -> float:
    """The optimum of g over all 2^n subsets within the budget, n <= 12."""
    n = len(gains)
    assert n <= 12
    members = (np.arange(2**n)[:, None] >> np.arange(n)) & 1  # (subsets, n)
    costs = members @ np.asarray(gains, dtype=float)
    diversity = np.zeros(len(members))
    for label in set(np.asarray(clusters).tolist()):
        diversity += np.sqrt(members @ (np.asarray(clusters) == label))
    values = costs + beta * diversity
    return float(values[costs <= budget * (1 + 1e-9)].max())


def milp_optimum(gains, clusters, budget, beta, time_limit=20.0) -> tuple[float, float]:
    """The best value that HiGHS found, and its proven upper bound.

    x_i in {0, 1}, y_kj in [0, 1], sum_j y_kj = sum_{i in k} x_i, sum delta x <= D; concavity fills y in
    order.
    """
    n = len(gains)
    labels, inverse = np.unique(clusters, return_inverse=True)
    sizes = np.bincount(inverse)
    increments = np.concatenate([np.diff(np.sqrt(np.arange(size + 1))) for size in sizes])
    rows = np.concatenate([inverse, np.repeat(np.arange(len(labels)), sizes)])
    signs = np.concatenate([np.ones(n), -np.ones(n)])
    links = csr_matrix((signs, (rows, np.arange(2 * n))), shape=(len(labels), 2 * n))
    costs = csr_matrix(np.concatenate([gains, np.zeros(n)])[None, :])
    result = milp(
        -np.concatenate([gains, beta * increments]),
        integrality=np.concatenate([np.ones(n), np.zeros(n)]),
        bounds=Bounds(0, 1),
        constraints=[LinearConstraint(links, 0, 0), LinearConstraint(costs, -np.inf, budget)],
        options={"time_limit": time_limit, "mip_rel_gap": 1e-5},
    )
    assert result.x is not None, result.message
    return -float(result.fun), -float(result.mip_dual_bound)
