"""Clusters of another number, by place on the map: what a dry run has where the questions' vectors are not kept."""

from __future__ import annotations

import numpy as np

from kpod.errors import InputError

_STARTS, _ROUNDS = 4, 60


def clusters_of_map(points: np.ndarray, num_clusters: int, seed: int = 0) -> np.ndarray:
    """K-means labels 0..K-1 of the points (questions, 2) of a map, the largest cluster first.

    An approximation: a run clusters the vectors that the map is a projection of. Lloyd's algorithm from the best of
    four spread-out starts (k-means++), the same for the same points, K and seed; without scikit-learn, which a page
    must not load. Raises InputError where there are fewer different points than clusters, or points that are no number.
    """
    points = np.asarray(points, dtype=float)
    if not np.isfinite(points).all():
        raise InputError("some questions have no place on the map; the stage “cluster” gives every one a place")
    different = len(np.unique(points, axis=0))
    if not 1 <= num_clusters <= different:
        raise InputError(f"{num_clusters} clusters asked for; the map has {different} different points")
    rng = np.random.default_rng(seed)
    tried = [_lloyd(points, _spread(points, num_clusters, rng)) for _ in range(_STARTS)]
    labels = min(tried, key=lambda one: one[1])[0]
    order = np.argsort(-np.bincount(labels, minlength=num_clusters), kind="stable")
    rank = np.empty(num_clusters, dtype=np.int64)
    rank[order] = np.arange(num_clusters)
    return rank[labels]


def _spread(points: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Starting centres: each further one is drawn by its squared distance to the nearest so far."""
    centres = [points[rng.integers(len(points))]]
    nearest = ((points - centres[0]) ** 2).sum(axis=1)
    for _ in range(count - 1):
        chosen = points[rng.choice(len(points), p=nearest / nearest.sum())]
        centres.append(chosen)
        nearest = np.minimum(nearest, ((points - chosen) ** 2).sum(axis=1))
    return np.array(centres)


def _lloyd(points: np.ndarray, centres: np.ndarray) -> tuple[np.ndarray, float]:
    """Labels and the sum of squared distances; a cluster that runs empty takes the farthest point."""
    labels = np.full(len(points), -1)
    for _ in range(_ROUNDS):
        distances = ((points[:, None, :] - centres[None]) ** 2).sum(axis=2)
        new = distances.argmin(axis=1)
        for empty in np.setdiff1d(np.arange(len(centres)), new):
            lonely = np.bincount(new, minlength=len(centres))[new] > 1
            new[np.argmax(np.where(lonely, distances[np.arange(len(points)), new], -1.0))] = empty
        if np.array_equal(new, labels):
            break
        labels = new
        counts = np.bincount(labels, minlength=len(centres))
        sums = [np.bincount(labels, weights=points[:, axis], minlength=len(centres)) for axis in range(points.shape[1])]
        centres = np.stack(sums, axis=1) / counts[:, None]
    return labels, float(((points - centres[labels]) ** 2).sum())
