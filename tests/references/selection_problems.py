"""Random selection problems of every kind that has broken a selector: ties, zeros, heavy tails, odd clusters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

GAIN_KINDS = ("gamma", "uniform", "ties", "zeros", "pareto", "lognormal", "one_giant", "equal")
CLUSTER_KINDS = ("even", "one", "skewed", "gaps", "own")
BETAS = (12.0, 1.0, 0.1, 0.0, 60.0)


@dataclass(frozen=True)
class SelectionProblem:
    gains: np.ndarray
    clusters: np.ndarray
    budget: float
    beta: float
    name: str


def random_problem(rng: np.random.Generator, number: int, size: int) -> SelectionProblem:
    """Problem `number` of a series: kinds take turns, so that every combination comes up."""
    gain_kind = GAIN_KINDS[number % len(GAIN_KINDS)]
    cluster_kind = CLUSTER_KINDS[number // len(GAIN_KINDS) % len(CLUSTER_KINDS)]
    beta = BETAS[number // 3 % len(BETAS)]
    gains = _gains(rng, gain_kind, size)
    budget = float(gains.sum() * rng.uniform(0.02, 0.7))
    return SelectionProblem(
        gains, _clusters(rng, cluster_kind, size), budget, beta, f"{number} {gain_kind} {cluster_kind} {beta}"
    )


def _gains(rng: np.random.Generator, kind: str, size: int) -> np.ndarray:
    if kind == "gamma":
        return rng.gamma(2.0, 0.5, size)
    if kind == "uniform":
        return rng.uniform(0.0, 1.0, size)
    if kind == "ties":
        return rng.integers(1, 4, size).astype(float)
    if kind == "zeros":
        return rng.uniform(0.0, 1.0, size) * (rng.random(size) > 0.4)
    if kind == "pareto":
        return rng.pareto(1.2, size) + 0.01
    if kind == "lognormal":
        return rng.lognormal(0.0, 1.5, size)
    if kind == "one_giant":
        return np.append(rng.uniform(0.1, 1.0, size - 1), size / 3)
    return np.full(size, 0.7)


def _clusters(rng: np.random.Generator, kind: str, size: int) -> np.ndarray:
    if kind == "one":
        return np.zeros(size, dtype=int)
    if kind == "skewed":
        return np.minimum(rng.geometric(0.5, size) - 1, 4)
    if kind == "gaps":
        return rng.choice([1, 4, 9], size)
    if kind == "own":
        return np.arange(size)
    return rng.integers(0, 5, size)
