"""Two methods on the same questions under the same seeds: how far apart, and whether that could be chance."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from kpod.errors import InputError
from kpod.statistics import Interval

RESAMPLES_AT_ONCE = 500  # bounds memory at 500 x questions


class Comparison(NamedTuple):
    """difference: mean of first minus second. only_first, only_second: answers that only the one has right."""

    difference: float
    interval: Interval
    only_first: int
    only_second: int
    p_value: float


def compare_paired(first, second, *, confidence: float = 0.95, resamples: int = 10_000, seed: int = 0) -> Comparison:
    """Compare right answers (seeds, questions) of two methods; row and column mean the same in both.

    The interval is a percentile bootstrap over seeds and questions at once: it holds for other seeds and other
    questions like these. The p-value is that of `sign_flip_p`: these trained students, other questions.
    Raises InputError for shapes that differ.
    """
    first, second = np.asarray(first, dtype=bool), np.asarray(second, dtype=bool)
    if first.shape != second.shape or first.ndim != 2 or not first.size:
        raise InputError(
            f"Results of shapes {first.shape} and {second.shape}; give (seeds, questions), the same twice."
        )
    apart = first.astype(np.float64) - second
    return Comparison(
        float(apart.mean()),
        _bootstrap(apart, confidence, resamples, seed),
        int((first & ~second).sum()),
        int((~first & second).sum()),
        sign_flip_p(apart.sum(axis=0)),
    )


def sign_flip_p(differences) -> float:
    """Exact two-sided p-value of paired whole-number differences, one a question: P(|sum of +-d_i| >= |sum of d_i|).

    If neither method is better, every question's difference has either sign with probability 1/2 (Fisher's
    randomisation test). A question counts once however many seeds it was answered under, so answers to one question
    are not taken for independent. With one seed this is McNemar's exact test.
    """
    sizes = np.abs(np.rint(differences)).astype(int)
    reached = abs(int(np.rint(np.sum(differences))))
    chances = np.array([1.0])  # of sums -total, ..., total
    for size in sizes[sizes > 0]:
        chances = 0.5 * (np.pad(chances, (2 * size, 0)) + np.pad(chances, (0, 2 * size)))
    total = len(chances) // 2
    sums = np.arange(-total, total + 1)
    return float(min(1.0, chances[np.abs(sums) >= reached].sum()))


def _bootstrap(apart: np.ndarray, confidence: float, resamples: int, seed: int) -> Interval:
    generator = np.random.default_rng(seed)
    num_seeds, num_questions = apart.shape
    means = []
    for start in range(0, resamples, RESAMPLES_AT_ONCE):
        count = min(RESAMPLES_AT_ONCE, resamples - start)
        seeds = generator.multinomial(num_seeds, [1 / num_seeds] * num_seeds, size=count) / num_seeds
        questions = generator.multinomial(num_questions, [1 / num_questions] * num_questions, size=count)
        means.append(((seeds @ apart) * questions).sum(axis=1) / num_questions)
    low, high = np.quantile(np.concatenate(means), [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(float(low), float(high))
