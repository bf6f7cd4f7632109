"""Rank correlations between two sets of weights: by hand, against SciPy, and over what the two have in common."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import kendalltau, spearmanr

from kpod.errors import InputError
from kpod.weight_validation.agreement import agreement_of
from tests.support.planted_weights import planted

TEXTS = ["Mina has 3 + 4 = 7 pens.", "Then 7 - 2 = 5 are left."]


def with_weights(seed, texts=TEXTS):
    material = planted(texts, lambda text: 0.0)
    material.tokens["weight"] = np.random.default_rng(seed).integers(0, 5, len(material.tokens)) / 5
    return material


def test_against_scipy():
    a, b = with_weights(1), with_weights(2)
    found = agreement_of(a, b)
    shown = a.visible
    x, y = a.column("weight")[shown], b.column("weight")[shown]
    digit = np.array([text.strip().isdigit() for text in a.vocabulary.texts])[a.vocabulary.codes][shown]
    assert found["tokens"] == shown.sum() and found["questions"] == 2
    assert found["spearman"] == pytest.approx(spearmanr(x, y).statistic)
    assert found["kendall"] == pytest.approx(kendalltau(x, y).statistic)
    assert found["in_digits"] == pytest.approx(spearmanr(x[digit], y[digit]).statistic)
    own = [spearmanr(x[rows], y[rows]).statistic for rows in (a.question[shown] == 0, a.question[shown] == 1)]
    assert found["within"] == pytest.approx(np.mean(own))


def test_the_same_and_the_reverse():
    a = with_weights(1)
    assert agreement_of(a, a)["spearman"] == pytest.approx(1)
    reverse = with_weights(1)
    reverse.tokens["weight"] = -reverse.tokens["weight"]
    found = agreement_of(a, reverse)
    assert [found[name] for name in ("spearman", "within", "in_digits", "kendall")] == pytest.approx([-1] * 4)


def test_questions_are_matched_by_id_and_text():
    a, b = with_weights(1), with_weights(2, list(reversed(TEXTS)))
    swapped = replace(b, ids=["q1", "q0"])
    assert agreement_of(a, swapped)["questions"] == 2
    one = replace(b, ids=["q1", "other"])
    assert agreement_of(a, one)["questions"] == 1
    with pytest.raises(InputError, match="no token of the same rationale in common"):
        agreement_of(a, b)  # the ids are the same, the rationales are not


def test_constant_weights_have_no_ranks():
    found = agreement_of(with_weights(1), planted(TEXTS, lambda text: 0.5))
    assert all(math.isnan(found[name]) for name in ("spearman", "within", "in_digits", "kendall"))
