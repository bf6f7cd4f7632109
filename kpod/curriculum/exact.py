"""The best set outright, by trying them all: for the handful of questions that late stages are left with."""

from __future__ import annotations

import numpy as np

MAX_ITEMS = 12


def select_exact(gains: np.ndarray, clusters: np.ndarray, limit: float, beta: float) -> tuple[np.ndarray, float]:
    """Indices (rising) and g of the best of all 2^n sets that cost at most `limit`; n <= 12."""
    assert len(gains) <= MAX_ITEMS, len(gains)
    members = (np.arange(2 ** len(gains))[:, None] >> np.arange(len(gains))) & 1 > 0  # (sets, items)
    costs = members @ gains
    values = costs.copy()
    for label in np.unique(clusters):
        values += beta * np.sqrt(members[:, clusters == label].sum(axis=1))
    values[costs > limit] = -np.inf
    best = int(values.argmax())
    return np.flatnonzero(members[best]), float(values[best])
