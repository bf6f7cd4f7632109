"""Weights over a whole corpus: by what tokens are, how frequent they are, and how surprising to the student."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from kpod.curriculum.ranks import spearman
from kpod.token_analysis.classes import CLASSES, token_class


@dataclass(frozen=True)
class Vocabulary:
    """What the tokens of a corpus are.

    `codes` (tokens,) says which of `texts` (types,) each token is; texts are as they stand, with white space.
    `words` (types,) are the same without white space around them and in lower case; `kinds` (types,) index CLASSES.
    """

    codes: np.ndarray
    texts: list[str]
    words: list[str]
    kinds: np.ndarray

    @property
    def token_kinds(self) -> np.ndarray:
        """The class of every token as an index of CLASSES, (tokens,)."""
        return self.kinds[self.codes]


def read_vocabulary(
    rationales: Sequence[str | None], question_index: np.ndarray, starts: np.ndarray, ends: np.ndarray
) -> Vocabulary:
    """The texts of all tokens, each different one once. Rationales are by question index; the arrays are (tokens,)."""
    pieces = [
        rationales[i][start:end]
        for i, start, end in zip(question_index.tolist(), starts.tolist(), ends.tolist(), strict=True)
    ]
    numbers: dict[str, int] = {}
    codes = np.array([numbers.setdefault(piece, len(numbers)) for piece in pieces], dtype=np.int32)
    texts = list(numbers)
    kinds = np.array([CLASSES.index(token_class(text)) for text in texts], dtype=np.int8)
    return Vocabulary(codes, texts, [text.strip().lower() for text in texts], kinds)


def word_weights(vocabulary: Vocabulary, weights: np.ndarray, nll: np.ndarray | None = None) -> pd.DataFrame:
    """One row a word (case and outer space apart): word, kind, count, weight (mean), spread (standard deviation of the
    population), and nll (mean) where given; the most frequent first. White space is no word."""
    index, words = pd.factorize(np.array(vocabulary.words, dtype=object))
    tokens = index[vocabulary.codes]
    counts = np.bincount(tokens, minlength=len(words))
    mean = np.bincount(tokens, weights=weights, minlength=len(words)) / counts
    square = np.bincount(tokens, weights=np.square(weights), minlength=len(words)) / counts
    kinds = np.zeros(len(words), dtype=np.int8)
    kinds[index] = vocabulary.kinds
    columns = {"word": words, "kind": [CLASSES[kind] for kind in kinds], "count": counts, "weight": mean}
    columns["spread"] = np.sqrt(np.maximum(square - mean * mean, 0.0))
    if nll is not None:
        columns["nll"] = np.bincount(tokens, weights=nll, minlength=len(words)) / counts
    frame = pd.DataFrame(columns)
    return frame[frame["word"] != ""].sort_values(["count", "word"], ascending=[False, True], ignore_index=True)


def frequency_bins(words: pd.DataFrame) -> pd.DataFrame:
    """Words by frequency, in bins that double: low, high (counts), words, and the quartiles of their mean weights."""
    bins = np.floor(np.log2(words["count"].to_numpy())).astype(int)
    rows = []
    for power in np.unique(bins):
        weights = words["weight"].to_numpy()[bins == power]
        first, middle, third = np.quantile(weights, [0.25, 0.5, 0.75]).tolist()
        rows.append((2**power, 2 ** (power + 1) - 1, len(weights), first, middle, third))
    return pd.DataFrame(rows, columns=["low", "high", "words", "first", "median", "third"])


def mean_weights_by_kind(
    kinds: np.ndarray, question_index: np.ndarray, position: np.ndarray, history: pd.DataFrame
) -> pd.DataFrame:
    """Mean weight of each class of token in every epoch of mask learning: epoch by class, NaN where a class is empty.

    `kinds`, `question_index` and `position` (tokens,) are sorted by question and position; `history` has epoch,
    question_index, position and weight, of all tokens or of some.
    """
    epoch, *wanted, weight = (history[name].to_numpy() for name in ("epoch", "question_index", "position", "weight"))
    epochs = np.sort(pd.unique(epoch))
    means = np.full((len(epochs), len(CLASSES)), np.nan)
    for row, one in enumerate(epochs):
        inside = epoch == one
        rows, known = rows_of_places(question_index, position, *(part[inside] for part in wanted))
        found = kinds[rows[known]]
        counts = np.bincount(found, minlength=len(CLASSES))
        sums = np.bincount(found, weights=weight[inside][known], minlength=len(CLASSES))
        np.divide(sums, counts, out=means[row], where=counts > 0)
    return pd.DataFrame(means, index=pd.Index(epochs, name="epoch"), columns=list(CLASSES))


def rows_of_places(
    question_index: np.ndarray, position: np.ndarray, wanted_question: np.ndarray, wanted_position: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The row of each wanted place (wanted,) among tokens sorted by question and position, and whether it is there."""
    if np.array_equal(question_index, wanted_question) and np.array_equal(position, wanted_position):
        return np.arange(len(position)), np.ones(len(position), dtype=bool)  # all of them: no need to search
    keys = (question_index.astype(np.int64) << 32) + position
    wanted = (wanted_question.astype(np.int64) << 32) + wanted_position
    rows = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return rows, keys[rows] == wanted


def correlation(first: np.ndarray, second: np.ndarray) -> float | None:
    """Spearman's rank correlation, None where it is not defined."""
    if len(first) < 2:
        return None
    value = spearman(np.asarray(first, dtype=float), np.asarray(second, dtype=float))
    return None if np.isnan(value) else value
