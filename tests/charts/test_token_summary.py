"""Weights over the whole run, worked by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from kpod.charts import token_summary
from kpod.token_analysis import CLASSES, frequency_bins

WORD, DIGIT = CLASSES.index("word"), CLASSES.index("digit")
KINDS = np.array([WORD, WORD, WORD, DIGIT, DIGIT])
WEIGHTS = np.array([0.1, 0.2, 0.3, 0.9, 1.0])
WORDS = pd.DataFrame(
    {
        "word": ["the", "7", "<b>", "once"],
        "kind": ["word", "digit", "other", "word"],
        "count": [30, 20, 3, 1],
        "weight": [0.1, 0.9, 0.4, 0.5],
    }
)


def test_a_box_is_drawn_from_the_quantiles_of_every_kind_that_occurs():
    boxes = {box.name: box for box in token_summary.classes_figure(KINDS, WEIGHTS).data}
    assert set(boxes) == {"words", "digits"}
    assert boxes["words"].median[0] == pytest.approx(0.2)
    assert boxes["words"].q1[0] == pytest.approx(0.15)
    assert boxes["digits"].mean[0] == pytest.approx(0.95)


def test_names_of_groups_are_escaped():
    figure = token_summary.spread_figure(["<i>role</i>"], np.zeros(3, int), np.ones(3))
    assert figure.data[0].y[0] == "&lt;i&gt;role&lt;/i&gt; (3)"


def test_the_loss_figure_counts_every_token():
    figure = token_summary.loss_figure(np.array([0.1, 0.2, 0.3, 1.0, 2.0]), WEIGHTS, dark=False)
    assert np.nansum(figure.data[0].customdata) == len(WEIGHTS)


def test_every_word_is_a_point_and_every_bin_a_median():
    figure = token_summary.frequency_figure(WORDS, frequency_bins(WORDS))
    *kinds, medians = figure.data
    assert [trace.name for trace in kinds] == ["digits", "words", "other"]
    assert [list(trace.x) for trace in kinds] == [[20], [30, 1], [3]]
    assert list(kinds[-1].customdata) == ["&lt;b&gt;"]
    assert list(medians.y) == pytest.approx([0.5, 0.4, 0.5])  # once; <b>; the median of 7 and the


def test_a_large_vocabulary_is_drawn_in_part(monkeypatch):
    monkeypatch.setattr(token_summary, "MAX_WORDS", 10)
    many = pd.DataFrame({"word": "w", "kind": "word", "count": range(1000, 0, -1), "weight": 0.5})
    shown = token_summary.frequency_figure(many, frequency_bins(many)).data[0].x
    assert list(shown[:5]) == [1000, 999, 998, 997, 996] and len(shown) == 10 and shown[-1] == 1


def test_kinds_over_the_epochs_leave_out_what_does_not_occur():
    means = pd.DataFrame(np.nan, index=[1, 2], columns=list(CLASSES)).assign(digit=[0.5, 0.9])
    figure = token_summary.kinds_over_epochs_figure(means)
    assert [trace.name for trace in figure.data] == ["digits"] and list(figure.data[0].y) == [0.5, 0.9]


def test_the_histogram_holds_every_occurrence():
    assert sum(token_summary.weights_histogram(WEIGHTS).data[0].y) == len(WEIGHTS)
