"""The AUC by hand, against every pair and scikit-learn, and its bootstrap over whole questions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from kpod.weight_validation.roc import Bootstrap, auc, percentile_interval


def test_by_hand():
    # Pairs of a positive (.9, .5) with a negative (.5, .1, .7): .9 wins three, .5 ties one, wins one, loses one.
    scores, positive = np.array([0.9, 0.5, 0.5, 0.1, 0.7]), np.array([1, 1, 0, 0, 0], dtype=bool)
    assert auc(scores, positive) == pytest.approx((3 + 0.5 + 1) / 6)
    assert auc(-scores, positive) == pytest.approx(1 - 4.5 / 6)


@pytest.mark.parametrize("values", [2, 7, 1000])  # many ties, some, none
def test_against_scikit_learn(values):
    rng = np.random.default_rng(values)
    scores, positive = rng.integers(0, values, 400) / values, rng.random(400) < 0.2
    assert auc(scores, positive) == pytest.approx(roc_auc_score(positive, scores), abs=1e-12)


def test_a_constant_score_is_chance_and_one_side_alone_is_undefined():
    assert auc(np.ones(6), np.array([1, 0, 0, 1, 0, 0], dtype=bool)) == 0.5
    assert math.isnan(auc(np.arange(3.0), np.ones(3, dtype=bool)))
    assert math.isnan(auc(np.arange(3.0), np.zeros(3, dtype=bool)))


def test_every_resample_is_the_auc_of_its_repeated_questions():
    rng = np.random.default_rng(1)
    question = np.sort(rng.integers(0, 9, 120))
    scores, positive = rng.integers(0, 30, 120) / 30, rng.random(120) < 0.3
    bootstrap = Bootstrap(9, resamples=25, seed=4)
    drawn = bootstrap.aucs(scores, positive, question)
    assert (bootstrap.counts_RQ.sum(1) == 9).all()
    for counts_Q, value in zip(bootstrap.counts_RQ.astype(int), drawn, strict=True):
        repeated = np.repeat(np.arange(120), counts_Q[question])
        assert value == pytest.approx(roc_auc_score(positive[repeated], scores[repeated]), abs=1e-12)


def test_memory_is_bounded_without_another_result(monkeypatch):
    rng = np.random.default_rng(2)
    question, scores, positive = np.arange(50) % 7, rng.random(50), rng.random(50) < 0.5
    bootstrap = Bootstrap(7, resamples=40)
    whole = bootstrap.aucs(scores, positive, question)
    monkeypatch.setattr("kpod.weight_validation.roc.MOST_VALUES_AT_ONCE", 60)
    assert np.array_equal(bootstrap.aucs(scores, positive, question), whole)


def test_a_resample_without_a_positive_is_left_out_of_the_interval():
    question, positive = np.array([0, 0, 1, 1]), np.array([1, 0, 0, 0], dtype=bool)
    drawn = Bootstrap(2, resamples=60).aucs(np.array([4.0, 1, 2, 3]), positive, question)
    assert np.isnan(drawn).any() and not np.isnan(drawn).all()
    assert percentile_interval(drawn) == (1.0, 1.0)
    assert all(math.isnan(edge) for edge in percentile_interval(np.full(3, np.nan)))


def test_the_interval_is_of_questions_and_not_of_tokens():
    # Ten questions that each repeat one token a hundred times know no more than ten tokens.
    rng = np.random.default_rng(3)
    scores, positive = rng.random(10), np.arange(10) % 2 == 0
    few = percentile_interval(Bootstrap(10, 400).aucs(scores, positive, np.arange(10)))
    many = np.repeat(np.arange(10), 100)
    repeated = percentile_interval(Bootstrap(10, 400).aucs(scores[many], positive[many], many))
    assert repeated == pytest.approx(few)
    assert few.high - few.low > 0.2
