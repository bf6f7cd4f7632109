"""Weights over a corpus, worked by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from kpod.token_analysis import (
    CLASSES,
    correlation,
    frequency_bins,
    mean_weights_by_kind,
    read_vocabulary,
    word_weights,
)

TEXTS = ["The 7\nthe", None, "THE 7"]
VOCABULARY = read_vocabulary(
    TEXTS, np.array([0, 0, 0, 0, 2, 2]), np.array([0, 3, 5, 6, 0, 3]), np.array([3, 5, 6, 9, 3, 5])
)


def test_every_different_text_is_there_once():
    assert VOCABULARY.texts == ["The", " 7", "\n", "the", "THE"]
    assert VOCABULARY.codes.tolist() == [0, 1, 2, 3, 4, 1]
    assert VOCABULARY.words == ["the", "7", "", "the", "the"]
    assert [CLASSES[kind] for kind in VOCABULARY.token_kinds] == ["word", "digit", "space", "word", "word", "digit"]


def test_words_are_counted_without_case_and_space():
    weights = np.array([0.1, 0.9, 0.5, 0.2, 0.3, 1.0])
    words = word_weights(VOCABULARY, weights, nll=np.array([1.0, 4.0, 0.0, 2.0, 3.0, 6.0]))
    assert words["word"].tolist() == ["the", "7"]
    assert words["count"].tolist() == [3, 2]
    assert words["kind"].tolist() == ["word", "digit"]
    assert words["weight"].tolist() == pytest.approx([0.2, 0.95])
    assert words["spread"].tolist() == pytest.approx([np.sqrt(0.02 / 3), 0.05])
    assert words["nll"].tolist() == pytest.approx([2.0, 5.0])


def test_bins_of_frequency_double():
    words = word_weights(VOCABULARY, np.array([0.1, 0.9, 0.5, 0.2, 0.3, 1.0]))
    more = pd.concat([words, pd.DataFrame({"word": ["once"], "count": [1], "weight": [0.4]})])
    bins = frequency_bins(more)
    assert bins[["low", "high", "words"]].values.tolist() == [[1, 1, 1], [2, 3, 2]]
    assert bins["median"].tolist() == pytest.approx([0.4, (0.2 + 0.95) / 2])


def test_a_correlation_that_is_not_defined_is_none():
    assert correlation(np.array([1, 2, 3]), np.array([3, 5, 9])) == pytest.approx(1.0)
    assert correlation(np.array([1.0]), np.array([2.0])) is None
    assert correlation(np.array([1, 2]), np.array([5, 5])) is None


def test_weights_of_a_kind_over_the_epochs():
    rows = [(1, 0, 0, 0.2), (1, 2, 1, 0.8), (1, 9, 0, 1.0), (2, 0, 0, 0.1), (2, 0, 1, 0.6), (2, 2, 1, 0.8)]
    history = pd.DataFrame(rows, columns=["epoch", "question_index", "position", "weight"])
    position = np.array([0, 1, 2, 3, 0, 1])
    question = np.array([0, 0, 0, 0, 2, 2])
    means = mean_weights_by_kind(VOCABULARY.token_kinds, question, position, history)  # question 9 has no tokens
    assert means.index.tolist() == [1, 2]
    assert means["word"].tolist() == [0.2, 0.1]
    assert means["digit"].tolist() == pytest.approx([0.8, 0.7])
    assert means["space"].isna().all()
