"""The questions nearest to one, by the angle between their vectors or by their places on a map."""

from __future__ import annotations

import numpy as np

_DECIMALS = 6  # what float32 holds of a cosine: copies are at 0


def nearest_rows(vectors: np.ndarray, row: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The rows nearest to `row` of `vectors` (n, d), itself left out, and their Euclidean distances; nearest first.

    Of equally near ones the first come first. Fewer than `count` where there are no more. O(n d), no index is built:
    100,000 places on a map take 2 ms.
    """
    apart = np.asarray(vectors, dtype=np.float64) - np.asarray(vectors[row], dtype=np.float64)
    return _nearest(np.sqrt(np.einsum("nd,nd->n", apart, apart)), row, count)


def nearest_by_cosine(units: np.ndarray, row: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """As `nearest_rows` by cosine distance, 1 - cos, 0 to 2, of `units` (n, d), rows of length 1 or 0.

    A row of zeros is at distance 1 from all.
    """
    cosines = np.asarray(units @ units[row], dtype=np.float64)
    return _nearest(np.round(1 - cosines, _DECIMALS).clip(0, 2), row, count)


def _nearest(distances: np.ndarray, row: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    distances[row] = np.inf
    count = min(count, len(distances) - 1)
    if count < 1:
        return np.empty(0, dtype=np.int64), np.empty(0)
    limit = np.partition(distances, count - 1)[count - 1]
    candidates = np.flatnonzero(distances <= limit)
    nearest = candidates[np.argsort(distances[candidates], kind="stable")][:count]
    return nearest, distances[nearest]
