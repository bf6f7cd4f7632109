"""Figures of the schedule hold the run's own numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from kpod.charts import curriculum


def test_budget_and_supervised_are_shares_of_the_whole(made_run):
    stages = made_run.stages
    supervised, budget = curriculum.budget_figure(stages).data
    assert budget.name.startswith("D(t)") and supervised.name.startswith("H(t)")
    assert budget.y[-1] == pytest.approx(1.0)
    assert np.allclose(np.array(budget.y) * stages["budget"].iloc[-1], stages["budget"])
    assert np.allclose(np.array(supervised.y) * stages["budget"].iloc[-1], stages["supervised"])


def test_slack_bars_tell_an_overrun_by_more_than_colour():
    stages = pd.DataFrame({"stage": [0, 1], "slack": [0.5, -0.25]})
    bar = curriculum.slack_figure(stages).data[0]
    assert list(bar.y) == [0.5, -0.25]
    assert bar.marker.color[0] != bar.marker.color[1]
    assert tuple(bar.marker.pattern.shape) == ("", "/")


def test_picks_are_stacked_by_cluster(made_run):
    figure = curriculum.picks_figure(made_run.stages)
    assert np.array_equal(
        np.array([trace.y for trace in figure.data]).T, np.array(made_run.stages["picks_by_cluster"].tolist())
    )
    assert len({trace.marker.color for trace in figure.data}) == len(figure.data)


def test_both_terms_of_the_value_and_the_bound(made_run):
    gain, diversity, bound = curriculum.value_figure(made_run.stages).data
    stages = made_run.stages
    assert np.allclose(np.array(gain.y) + np.array(diversity.y), stages["value"])
    assert np.allclose(bound.y, stages["bound"])


def test_difficulty_over_the_epochs_has_a_line_a_step(made_run):
    history = made_run.table("difficulty_history", question="q003")
    figure = curriculum.difficulty_figure(history)
    assert [trace.name for trace in figure.data] == [f"step {k + 1}" for k in range(history["step"].nunique())]
    first = history[history["step"] == 0].sort_values("epoch")["difficulty"]
    assert np.allclose(figure.data[0].y, first)


def test_the_median_lies_between_its_quartiles():
    history = pd.DataFrame({"epoch": [0] * 5, "difficulty": [1.0, 2.0, 3.0, 4.0, 5.0]})
    low, high, middle = curriculum.corpus_difficulty_figure(history).data
    assert (low.y[0], middle.y[0], high.y[0]) == (2.0, 3.0, 4.0)
