"""K-means clusters of questions, how well they are apart, and the words that mark them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np

from kpod.errors import InputError
from kpod.question_clustering.embeddings import question_words

# What every question asks with, missing from scikit-learn's list.
_MORE_STOP_WORDS = frozenset({"did", "does", "doing", "following"})


def cluster_questions(embeddings: np.ndarray, num_clusters: int = 5, seed: int = 0) -> np.ndarray:
    """K-means (10 starts, fixed seed): the cluster of every question, (n,) int64, 0 being the largest.

    embeddings: (n, d). Raises InputError for K below 1 or above the number of distinct rows, and for rows
    that are not finite.
    """
    from sklearn.cluster import KMeans

    embeddings = np.asarray(embeddings, dtype=np.float64)
    if num_clusters < 1:
        raise InputError(f"The number of clusters is {num_clusters}; it must be at least 1.")
    if not np.isfinite(embeddings).all():
        row = int(np.flatnonzero(~np.isfinite(embeddings).all(axis=1))[0])
        raise InputError(f"The embedding of question {row} (from 0) is not finite; give numbers only.")
    distinct = len(np.unique(embeddings, axis=0))
    if num_clusters > distinct:
        raise InputError(
            f"{num_clusters} clusters of {distinct} distinct questions are not possible. Set "
            f"clustering.num_clusters to {distinct} or less, or load more questions."
        )
    labels = KMeans(num_clusters, n_init=10, random_state=seed).fit_predict(embeddings)
    sizes = np.bincount(labels, minlength=num_clusters)
    first_seen = [int(np.flatnonzero(labels == label)[0]) for label in range(num_clusters)]
    order = sorted(range(num_clusters), key=lambda label: (-sizes[label], first_seen[label]))
    return np.argsort(order)[labels].astype(np.int64)


def silhouette(embeddings: np.ndarray, clusters: np.ndarray, seed: int = 0, max_sample: int = 5000) -> float | None:
    """Mean silhouette in [-1, 1], on a sample of large sets; None where it is undefined (K = 1 or K = n)."""
    from sklearn.metrics import silhouette_score

    embeddings, clusters = np.asarray(embeddings), np.asarray(clusters)
    if len(clusters) > max_sample:
        sample = np.random.default_rng(seed).choice(len(clusters), max_sample, replace=False)
        embeddings, clusters = embeddings[sample], clusters[sample]
    if not 2 <= len(np.unique(clusters)) < len(clusters):
        return None
    return float(silhouette_score(embeddings, clusters))


def cluster_terms(texts: Sequence[str], clusters: np.ndarray, top: int = 8) -> list[list[str]]:
    """The `top` marking words of every cluster, best first, by class-based TF-IDF.

    score(word, cluster) = share of the cluster's words * log(1 + mean words a cluster / count of the word in
    all clusters), English stop words left out (Grootendorst 2022, BERTopic).
    """
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    stop_words = ENGLISH_STOP_WORDS | _MORE_STOP_WORDS
    counts = [Counter() for _ in range(int(np.max(clusters, initial=-1)) + 1)]
    for text, cluster in zip(texts, clusters, strict=True):
        words = question_words(text)
        counts[cluster].update(word for word in words if len(word) > 1 and word not in stop_words)
    everywhere = sum(counts, Counter())
    mean_words = everywhere.total() / max(1, len(counts))

    def best_words(count: Counter[str]) -> list[str]:
        score = {word: n / count.total() * math.log(1 + mean_words / everywhere[word]) for word, n in count.items()}
        return sorted(score, key=lambda word: (-score[word], word))[:top]

    return [best_words(count) for count in counts]
