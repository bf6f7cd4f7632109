"""Figures of results: every interval is where the table has it, and names are only names."""

from __future__ import annotations

import pandas as pd
import pytest

from kpod.charts.ablation import across_figure
from kpod.charts.results import accuracy_figure, cost_figure, departures_figure, steps_figure

HOSTILE = "<img src=x onerror=alert(1)>"


def rows(names: list[str], **columns) -> pd.DataFrame:
    frame = pd.DataFrame(columns | {"accuracy": 0.5, "low": 0.3, "high": 0.75, "correct": 5, "questions": 10})
    return frame.assign(evaluation_set=names)


def test_accuracies_stand_between_their_limits():
    figure = accuracy_figure(rows(["one", "two"] * 2, student=["before", "before", "after", "after"]))
    assert [trace.name for trace in figure.data] == ["before", "after"]
    for trace in figure.data:
        assert list(trace.x) == ["one", "two"] and list(trace.y) == [0.5, 0.5]
        assert list(trace.error_y.array) == [0.25, 0.25]
        assert list(trace.error_y.arrayminus) == pytest.approx([0.2, 0.2])
    assert figure.data[0].marker.symbol != figure.data[1].marker.symbol  # colour is not the only cue
    assert figure.layout.yaxis.range[1] > 0.75


def test_accuracy_by_steps_is_a_line_a_student_in_order():
    table = rows(["one"] * 4, student=["before", "after"] * 2, num_steps=pd.array([3, 3, 1, 1], dtype="Int64"))
    figure = steps_figure(table)
    assert [list(trace.x) for trace in figure.data] == [[1, 3], [1, 3]]


def test_methods_have_one_colour_in_all_figures_of_an_ablation():
    table = rows(["one"] * 3, method=["plain", "kpod", "kpod-sig"], num_steps=pd.array([2] * 3, dtype="Int64"))
    table = table.assign(label=table["method"], value="0", is_reference=[True, False, False])
    by_steps, across = steps_figure(table, by="label"), across_figure(table, "value", "share")
    assert {trace.name: trace.marker.color for trace in by_steps.data} == {
        trace.name: trace.marker.color for trace in across.data
    }


def test_departures_are_stacked_and_narrow_ones_carry_no_figure():
    table = pd.DataFrame(
        {
            "label": ["Plain", "Plain", HOSTILE, HOSTILE],
            "departure": ["stops too early", "goes on too long"] * 2,
            "share": [0.1, 0.019, 0.2, 0.0],
            "low": 0.0,
            "high": 0.5,
        }
    )
    figure = departures_figure(table, "label")
    assert figure.layout.barmode == "stack" and [trace.name for trace in figure.data] == list(table["departure"][:2])
    early, late = figure.data
    assert list(early.x) == [0.1, 0.2] and list(early.text) == ["10.0%", "20.0%"] and list(late.text) == ["", ""]
    assert "<" not in early.y[1] and early.marker.color != late.marker.color


def test_costs_of_one_run_and_of_two():
    costs = pd.DataFrame({"stage": ["weights", "distill", "all stages"], "seconds": [2.0, 3.0, 5.0]}, dtype=object)
    figure = cost_figure(costs, ["this run"])
    assert list(figure.data[0].y) == ["weights", "distill"] and list(figure.data[0].x) == [2.0, 3.0]
    both = cost_figure(costs.assign(seconds_other=[None, 4.0, 4.0]), ["this run", "plain run"])
    assert [trace.name for trace in both.data] == ["this run", "plain run"] and both.data[1].x[1] == 4.0


def test_names_are_only_names():
    table = rows([HOSTILE], student=[HOSTILE], num_steps=[1])
    costs = pd.DataFrame({"stage": [HOSTILE], "seconds": [1.0]})
    for figure in (accuracy_figure(table), steps_figure(table), cost_figure(costs, [HOSTILE])):
        assert "<img" not in figure.to_json()
