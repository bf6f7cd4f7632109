"""The area under the ROC curve, ties counting half, and its bootstrap over questions."""

# Shapes: N tokens, Q questions, G different values of a score, R resamples.

from __future__ import annotations

import numpy as np

from kpod.curriculum.ranks import mean_ranks
from kpod.statistics import Interval

MOST_VALUES_AT_ONCE = 2_000_000  # numbers of (G, R) held at a time: 16 MB


def auc(scores: np.ndarray, positive: np.ndarray) -> float:
    """P(score of a positive > score of a negative) + P(equal) / 2; NaN where there are not both.

    The Mann-Whitney form: (sum of the positives' midranks - P (P - 1) / 2) / (P N), ranks counted from 0.
    """
    positive = np.asarray(positive, dtype=bool)
    count = int(positive.sum())
    others = len(positive) - count
    if not count or not others:
        return float("nan")
    ranks = mean_ranks(np.asarray(scores, dtype=float))
    return float((ranks[positive].sum() - count * (count - 1) / 2) / (count * others))


class Bootstrap:
    """Resamples of whole questions, the same for every score, so that differences between scores are paired."""

    def __init__(self, num_questions: int, resamples: int = 300, seed: int = 0):
        assert num_questions > 0 and resamples > 0
        generator = np.random.default_rng(seed)
        share = np.full(num_questions, 1 / num_questions)
        self.counts_RQ = generator.multinomial(num_questions, share, size=resamples).astype(float)

    def aucs(self, scores: np.ndarray, positive: np.ndarray, question: np.ndarray) -> np.ndarray:
        """The AUC in every resample, (R,): a token counts as often as its question was drawn; NaN where a resample
        has no positive or no negative. `question` (N,) are indices below Q."""
        from scipy.sparse import csr_array  # not at the top: pages read this package and need no SciPy

        _, group = np.unique(np.asarray(scores, dtype=float), return_inverse=True)
        size = int(group.max(initial=-1)) + 1
        positive = np.asarray(positive, dtype=bool)

        def by_value(kept: np.ndarray) -> csr_array:
            places = (group[kept], np.asarray(question)[kept])
            return csr_array((np.ones(int(kept.sum())), places), shape=(size, self.counts_RQ.shape[1]))

        positives_GQ, negatives_GQ = by_value(positive), by_value(~positive)
        found = []
        step = max(1, MOST_VALUES_AT_ONCE // max(1, size))
        for first in range(0, len(self.counts_RQ), step):
            counts_QR = self.counts_RQ[first : first + step].T
            positives_GR, negatives_GR = positives_GQ @ counts_QR, negatives_GQ @ counts_QR
            below_GR = np.cumsum(negatives_GR, axis=0) - negatives_GR / 2
            pairs_R = positives_GR.sum(0) * negatives_GR.sum(0)
            wins_R = (positives_GR * below_GR).sum(0)
            found.append(np.divide(wins_R, pairs_R, out=np.full(len(pairs_R), np.nan), where=pairs_R > 0))
        return np.concatenate(found)


def percentile_interval(values_R: np.ndarray, confidence: float = 0.95) -> Interval:
    """The middle `confidence` of the resamples that are defined; NaN to NaN where none is."""
    known = values_R[~np.isnan(values_R)]
    if not len(known):
        return Interval(float("nan"), float("nan"))
    low, high = np.quantile(known, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(float(low), float(high))
