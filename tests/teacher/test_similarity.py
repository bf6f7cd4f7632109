"""Near-identical texts: the pairs found without comparing all are the pairs that comparing all finds."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpod.teacher.similarity import GRAM, normalised, similar_pairs

VOCABULARY = ["mina", "has", "three", "pens", "and", "buys", "four", "more", "3", "4", "12"]
TEXTS = st.lists(st.sampled_from(VOCABULARY), max_size=9).map(" ".join)


def every_pair(texts, threshold):
    def grams(text):
        text = normalised(text)
        return {text[start : start + GRAM] for start in range(max(1, len(text) - GRAM + 1))} if text else set()

    sets = [grams(text) for text in texts]
    return {
        (i, j): len(sets[i] & sets[j]) / len(sets[i] | sets[j])
        for i, j in combinations(range(len(sets)), 2)
        if sets[i] and sets[j] and len(sets[i] & sets[j]) >= threshold * len(sets[i] | sets[j]) - 1e-12
    }


@settings(max_examples=300, deadline=None)
@given(st.lists(TEXTS, max_size=14), st.sampled_from([0.2, 0.5, 0.7, 0.8, 0.9, 1.0]))
def test_no_pair_is_missed_and_none_invented(texts, threshold):
    found = {(i, j): similarity for i, j, similarity in similar_pairs(texts, threshold)}
    assert found == pytest.approx(every_pair(texts, threshold))


@settings(max_examples=100, deadline=None)
@given(st.lists(TEXTS, max_size=12), st.integers(0, 12), st.sampled_from([0.5, 0.8, 1.0]))
def test_two_sets_are_compared_across_alone(texts, num_left, threshold):
    found = {(i, j) for i, j, _ in similar_pairs(texts, threshold, num_left)}
    assert found == {(i, j) for i, j in every_pair(texts, threshold) if i < num_left <= j}


def test_typing_makes_no_difference():
    assert normalised(' "Hello",  THERE!\n') == "hello there"
    assert similar_pairs(["Mina has 3 pens.", "mina has: 3 pens"], 1.0) == [(0, 1, 1.0)]
    assert similar_pairs(["Mina has 3 pens.", "Mina has 4 pens."], 0.9) == []
    assert similar_pairs(["12.5", "125"], 0.9) == []
    assert similar_pairs(["", " !", "a", "A."], 0.5) == [(2, 3, 1.0)]
