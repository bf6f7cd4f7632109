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


def test_picks_stand_beside_the_share_of_each_cluster(made_run):
    picks = np.array(made_run.stages["picks_by_cluster"].tolist())
    sizes = np.arange(1, picks.shape[1] + 1)
    figure = curriculum.picks_figure(made_run.stages, sizes)
    counts = np.array([trace.customdata for trace in figure.data]).T  # (all and stages, clusters)
    assert np.array_equal(counts[0], sizes) and np.array_equal(counts[1:], picks)
    shares = np.array([trace.y for trace in figure.data]).T
    assert np.allclose(shares.sum(axis=1), counts.sum(axis=1) > 0)
    assert next(note.text for note in figure.layout.annotations) == str(sizes.sum())
    assert [note.x for note in figure.layout.annotations] == list(range(len(counts)))
    assert len({trace.marker.color for trace in figure.data}) == len(figure.data)


def test_clusters_of_the_picks_have_their_names_escaped(made_run):
    figure = curriculum.picks_figure(made_run.stages, cluster_names=["<b>pens</b> %{x}", "boats"])
    names = [trace.name for trace in figure.data]
    assert names[:3] == ["&lt;b&gt;pens&lt;/b&gt; %{x}", "boats", "cluster 2"]
    assert [trace.meta for trace in figure.data] == names
    assert not any("pens" in trace.hovertemplate for trace in figure.data)


def test_picks_without_the_sizes_of_clusters_have_no_bar_of_all(made_run):
    figure = curriculum.picks_figure(made_run.stages)
    assert list(figure.data[0].x) == [str(stage) for stage in made_run.stages["stage"]]


def test_both_terms_of_the_value_and_the_bound(made_run):
    gain, diversity, bound = curriculum.value_figure(made_run.stages).data
    stages = made_run.stages
    assert np.allclose(np.array(gain.y) + np.array(diversity.y), stages["value"])
    assert np.allclose(bound.y, stages["bound"])
