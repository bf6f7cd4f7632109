"""Questions as points of a map: UMAP to two dimensions with a fixed seed."""

from __future__ import annotations

import numpy as np

_MOST_NEIGHBOURS = 15


def project_questions(embeddings: np.ndarray, seed: int = 0, max_fit: int = 20_000) -> np.ndarray:
    """Places on a map, (n, 2) float32: the same seed and embeddings give the same map.

    embeddings: (n, d). More than `max_fit` questions: UMAP is fitted on so many, drawn by `seed`, and the
    others are placed among them. Up to three questions have no neighbourhood to speak of: principal
    components. Up to 15 are too few for the spectral start, which is random there.
    """
    embeddings = np.asarray(embeddings, dtype=np.float32)
    num_questions = len(embeddings)
    if num_questions <= 3:
        return _principal_components(embeddings)
    import umap

    num_fitted = min(num_questions, max_fit)
    reducer = umap.UMAP(
        n_components=2,
        n_neighbors=min(_MOST_NEIGHBOURS, num_fitted - 1),
        init="random" if num_fitted <= _MOST_NEIGHBOURS else "spectral",
        random_state=seed,
        transform_seed=seed,
        n_jobs=1,  # what a fixed seed allows
    )
    if num_fitted == num_questions:
        return np.asarray(reducer.fit_transform(embeddings), dtype=np.float32)
    chosen = np.sort(np.random.default_rng(seed).choice(num_questions, num_fitted, replace=False))
    others = np.setdiff1d(np.arange(num_questions), chosen)
    places = np.empty((num_questions, 2), dtype=np.float32)
    places[chosen] = reducer.fit_transform(embeddings[chosen])
    places[others] = reducer.transform(embeddings[others])
    return places


def _principal_components(embeddings: np.ndarray) -> np.ndarray:
    """The first two principal components, zeros where there are fewer."""
    places = np.zeros((len(embeddings), 2), dtype=np.float32)
    if len(embeddings) > 1:
        centred = embeddings - embeddings.mean(axis=0)
        left, scale, _ = np.linalg.svd(centred, full_matrices=False)
        kept = min(2, len(scale))
        places[:, :kept] = left[:, :kept] * scale[:kept]
    return places
