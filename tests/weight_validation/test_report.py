"""A validation finds what was planted: results above copied numbers, cue words above filler, and no more than that."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from kpod.weight_validation.report import validate
from kpod.weight_validation.roc import auc
from kpod.weight_validation.scores import baseline_name, plain_scores
from tests.support.planted_weights import planted, planted_world

PLANTED = {"result": 0.9, "number": 0.6, "earlier": 0.6, "operator": 0.7, "cue": 0.5, "filler": 0.1, "irrelevant": 0.1}


@pytest.fixture(scope="module")
def world():
    material = planted_world(lambda role: PLANTED.get(role, 0.2))
    return material, validate(material, plain_scores(material), data="planted", resamples=40)


def test_planted_roles_are_told_apart(world):
    _, report = world
    for target in ("results", "results_in_digits", "results_copied", "key_roles", "cues_filler", "cues_in_words"):
        row = report.auc_of(target)
        assert (row["auc"], row["low"], row["high"]) == (1.0, 1.0, 1.0), target
    assert report.auc_of("last_results")["auc"] == 0.5  # all results weigh the same
    assert report.auc_of("results_in_digits", "digit")["auc"] == 0.5


def test_mean_weights_of_roles_and_kinds(world):
    material, report = world
    by_role = {row["role"]: row for row in report.roles}
    assert {role: row["weight"] for role, row in by_role.items()} == pytest.approx(
        {role: PLANTED.get(role, 0.2) for role in by_role}
    )
    assert next(iter(by_role)) == "result" and by_role["result"]["spread"] == pytest.approx(0, abs=1e-9)
    assert sum(row["count"] for row in report.roles) == report.tokens == int(material.visible.sum())
    assert {row["kind"] for row in report.classes} >= {"digit", "word", "operator", "punctuation"}
    counts = [row["count"] for row in report.words]
    assert counts == sorted(counts, reverse=True) and len(report.words) <= 40


def test_a_baseline_says_how_far_the_weight_is_above_it(world):
    _, report = world
    row = report.auc_of("results", "digit")
    assert row["gap"] == pytest.approx(report.auc_of("results")["auc"] - row["auc"])
    assert 0 < row["gap_low"] <= row["gap"] <= row["gap_high"] < 1
    assert report.best_baseline("results")["score"] == "digit"
    # The rule "is a digit" makes the comparison of digits, so it is no baseline of that one.
    assert report.best_baseline("digits")["score"] != "digit"


def test_a_baseline_counts_in_the_direction_in_which_it_does_better():
    """A low NLL finds what the student foresees, here the results: no worse a score than a high one elsewhere."""
    material = planted_world(lambda role: PLANTED.get(role, 0.2))
    foreseen = np.where(material.roles == "result", 0.1, 2.0) + 0.01 * np.arange(len(material.tokens)) % 0.05
    report = validate(material, plain_scores(material) | {"nll": foreseen}, data="planted", resamples=40)
    best, own = report.best_baseline("results_in_digits"), report.auc_of("results_in_digits")
    assert (best["score"], best["reversed"], best["auc"]) == ("nll", True, 0.0)
    assert best["gap"] == best["gap_low"] == best["gap_high"] == own["auc"] - 1.0
    assert baseline_name(best) == "token NLL, reversed"
    digit = report.auc_of("results", "digit")
    assert not digit["reversed"] and baseline_name(digit) == "is a digit"


def test_a_report_of_before_directions_counted_says_what_it_knows(world):
    _, report = world
    older = [{key: value for key, value in row.items() if key != "reversed"} for row in report.aucs]
    for row in older:
        if (row["target"], row["score"]) == ("results_in_digits", "inverse_frequency"):
            row.update(auc=0.02, gap=0.98)
    best = replace(report, aucs=older).best_baseline("results_in_digits")
    assert (best["score"], best["reversed"]) == ("inverse_frequency", True)
    assert best["gap"] == pytest.approx(1.0 - 0.98) and best["gap_low"] is None
    assert replace(report, aucs=older).best_baseline("results") == report.best_baseline("results")


def test_random_weights_are_chance():
    rng = np.random.default_rng(0)
    material = planted_world(lambda role: float(rng.random()), count=60)
    report = validate(material, plain_scores(material), data="planted", resamples=100)
    for name in ("results", "calculations", "key_roles"):
        row = report.auc_of(name)
        assert row["low"] < 0.5 < row["high"] and abs(row["auc"] - 0.5) < 0.06, row


def test_weights_that_are_the_rule_are_no_better_than_it():
    material = planted(["Mina has 3 + 4 = 7 pens. Then 7 - 2 = 5 are left."], lambda text: float(text.isdigit()))
    report = validate(material, plain_scores(material), data="planted", resamples=20)
    assert report.auc_of("results")["auc"] == report.auc_of("results", "digit")["auc"]
    assert report.auc_of("results_in_digits")["auc"] == 0.5


def test_the_frequent_is_the_least_in_inverse_frequency():
    material = planted(["a b b b", "b c"], lambda text: 0.5)
    scores = plain_scores(material)["inverse_frequency"]
    shown = dict(zip(np.array(material.vocabulary.texts)[material.vocabulary.codes].tolist(), scores, strict=True))
    assert shown[" b"] == pytest.approx(1 / 3) and shown[" c"] == 1.0


def test_aucs_of_every_epoch():
    material = planted(["Mina has 3 + 4 = 7 pens. Then 7 - 2 = 5 are left."], lambda text: 0.5)
    rng = np.random.default_rng(1)
    frames = [
        material.tokens[["question_index", "position"]].assign(epoch=epoch, weight=rng.random(len(material.tokens)))
        for epoch in (1, 2)
    ]
    object.__setattr__(material, "history", pd.concat(frames, ignore_index=True))
    report = validate(material, plain_scores(material), data="planted", resamples=20)
    rows = {(row["epoch"], row["target"]): row["auc"] for row in report.epochs}
    digit = np.array([text.strip().isdigit() for text in material.vocabulary.texts])[material.vocabulary.codes]
    for epoch, frame in zip((1, 2), frames, strict=True):
        weights = frame["weight"].to_numpy()[material.visible]
        assert rows[epoch, "digits"] == pytest.approx(auc(weights, digit[material.visible]))


def test_it_is_plain_json(world):
    _, report = world
    assert json.loads(json.dumps(report.to_dict(), allow_nan=False)) == report.to_dict()
