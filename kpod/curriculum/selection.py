"""Which questions give up input steps at a stage: one signature over all selectors (Eq. 12, 13)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from kpod.curriculum.ftgp import select_ftgp
from kpod.curriculum.steps import without_dust
from kpod.curriculum.structured import select_structured
from kpod.curriculum.value import value_terms
from kpod.errors import InputError

# Rounding of the sums would drop an item at the last stage without it.
BUDGET_TOLERANCE = 1e-9


@dataclass(frozen=True)
class Selection:
    """A chosen set S with g(S) and a bound that no set within the budget can exceed."""

    indices: np.ndarray  # (chosen,) rising positions in `gains`
    value: float  # g(S) = gain_term + diversity_term
    bound: float
    gain_term: float
    diversity_term: float

    @property
    def certificate(self) -> float:
        """g(S) / bound in 0..1: S is at least this share of the optimum. 1 where nothing could be chosen."""
        return min(1.0, self.value / self.bound) if self.bound > 0 else 1.0


def _structured(gains, clusters, num_clusters, budget, beta, tolerance):
    return select_structured(gains, clusters, num_clusters, budget, beta, tolerance)


def _ftgp(gains, clusters, num_clusters, budget, beta, tolerance):
    indices = select_ftgp(gains, clusters, num_clusters, budget, beta, tolerance)
    # The bound is a property of the problem, not of the selector: one sort.
    return indices, select_structured(gains, clusters, num_clusters, budget, beta, tolerance)[1]


Selector = Callable[..., tuple[np.ndarray, float]]
SELECTORS: dict[str, Selector] = {"structured": _structured, "ftgp": _ftgp}


def select_questions(gains, clusters, budget, beta=12.0, method="structured") -> Selection:
    """Maximise g(S) = sum_{i in S} delta_i + beta * sum_k sqrt(|C_k and S|) subject to sum delta_i <= budget.

    `gains` (questions,) are the difficulties delta_i, in nats, that each candidate adds by dropping
    delta_s input steps; `clusters` (questions,) the labels 0..K-1, some of which may be empty; `budget`
    is D(t) - H(t-1), in nats. g is F of Eq. 12 plus a constant (see `kpod.curriculum.value`). A question
    that gains 0 is always taken. With `beta` 0 the clusters are ignored. `method` is `structured`
    (default) or `ftgp` (the paper's, at least 1/2 - eps of the optimum, eps = 0.1). The budget is kept up
    to a tolerance of 1e-9 of it.

    Raises InputError on NaN or negative gains, unequal lengths, labels that are no integers from 0, a
    negative budget or beta, and an unknown method.
    """
    gains, clusters = checked_candidates(gains, clusters)
    check_beta_and_method(beta, method)
    if not math.isfinite(budget) or budget < 0:
        raise InputError(f"the budget is {budget}; it must be a finite number, at least 0")
    num_clusters = int(clusters.max(initial=0)) + 1
    if num_clusters > len(gains) + 1:
        labels, clusters = np.unique(clusters, return_inverse=True)
        num_clusters = max(1, len(labels))
    return run_selector(SELECTORS[method], gains, clusters, num_clusters, budget, beta, BUDGET_TOLERANCE * budget)


def run_selector(selector: Selector, gains, clusters, num_clusters, budget, beta, tolerance) -> Selection:
    """Run one selector on checked arrays and value what it chose."""
    indices, bound = selector(gains, clusters, num_clusters, budget, beta, tolerance)
    gain_term, diversity_term = value_terms(gains, clusters, indices, beta)
    return Selection(indices, gain_term + diversity_term, bound, gain_term, diversity_term)


def checked_candidates(gains, clusters) -> tuple[np.ndarray, np.ndarray]:
    """Gains as float64 and labels as int64, or an InputError."""
    gains = np.asarray(gains, dtype=np.float64)
    if gains.ndim != 1:
        raise InputError(f"gains have shape {gains.shape}; one dimension is allowed, an entry for each question")
    clusters = checked_clusters(clusters, len(gains))
    if not np.isfinite(gains).all() or (gains < 0).any():
        raise InputError("gains hold a NaN, an infinite or a negative value; a gain is finite and at least 0")
    return without_dust(gains), clusters


def checked_clusters(clusters, num_questions: int) -> np.ndarray:
    """Cluster labels as int64 of length `num_questions`, or an InputError."""
    clusters = np.asarray(clusters)
    if clusters.size == 0:
        clusters = clusters.astype(np.int64)
    if clusters.shape != (num_questions,):
        raise InputError(
            f"{num_questions} questions but clusters of shape {clusters.shape} arrived; give one label each"
        )
    if not np.issubdtype(clusters.dtype, np.integer) or (clusters < 0).any():
        raise InputError("cluster labels must be integers from 0; run the clustering again or relabel them")
    return clusters.astype(np.int64)


def check_beta_and_method(beta, method) -> None:
    if not math.isfinite(beta) or beta < 0:
        raise InputError(f"beta is {beta}; it must be a finite number, at least 0 (the paper's is 12)")
    if method not in SELECTORS:
        raise InputError(f"unknown method {method!r}; choose one of {', '.join(SELECTORS)}")
