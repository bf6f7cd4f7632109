"""Figures of ablations: values in their places, intervals, the reference told apart, and eighteen methods in panels."""

from __future__ import annotations

import pandas as pd
import pytest

from kpod.charts.ablation import across_figure, methods_figure, steps_panels_figure

HOSTILE = "<img src=x onerror=alert(1)>"


def summary(values: list[str], labels: tuple[str, ...] = ("Plain", "KPOD")) -> pd.DataFrame:
    rows = [
        {"value": value, "label": label, "is_reference": label == labels[0], "accuracy": 0.5, "low": 0.4, "high": 0.7,
         "difference": 0.03, "difference_low": -0.01, "difference_high": 0.05}
        for value in values for label in labels
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_methods_with_the_reference_told_apart():
    table = summary(["0"], ("Plain", "KPOD")).assign(seeds=2)
    (trace,) = methods_figure(table).data
    assert list(trace.y) == ["KPOD", "Plain"] and list(trace.marker.symbol) == ["circle", "diamond"]
    assert list(trace.error_x.array) == pytest.approx([0.2] * 2)
    for share in (0.0, 1.0):
        low, high = methods_figure(table.assign(accuracy=share, low=share, high=share)).layout.xaxis.range
        assert -0.02 < low < share < high < 1.02


def test_close_methods_fill_the_figure():
    table = summary(["0"]).assign(accuracy=[0.62, 0.6], low=[0.61, 0.59], high=[0.63, 0.61], seeds=10)
    low, high = methods_figure(table).layout.xaxis.range
    assert 0.5 < low < 0.59 and 0.63 < high < 0.8
    by_steps = pd.concat(
        [table.assign(num_steps=2, correct=1, questions=2, low=0.9), table.assign(num_steps=3, correct=1, questions=2)]
    )
    layout = steps_panels_figure(by_steps.assign(high=by_steps["low"] + 0.02)).layout
    widths = [axis.range[1] - axis.range[0] for axis in (layout.xaxis, layout.xaxis2)]
    assert widths[0] == pytest.approx(widths[1]) and layout.xaxis.range[0] > layout.xaxis2.range[0]
    assert layout.xaxis.domain[1] < layout.xaxis2.domain[0] - 0.03


def test_numbers_stand_where_they_lie_and_texts_at_equal_distances():
    figure = across_figure(summary(["0", "0.5", "2"]), "value", "filler")
    assert list(figure.layout.xaxis.tickvals) == [0, 0.5, 2]
    assert list(across_figure(summary(["a", "b"]), "value", "x").layout.xaxis.tickvals) == [0, 1]
    plain, kpod = figure.data
    assert plain.marker.symbol == "diamond" and plain.line.dash == "dash" and kpod.line.dash == "solid"
    assert list(plain.error_y.array) == pytest.approx([0.2] * 3)
    assert list(plain.x) != list(kpod.x)  # intervals beside each other


def test_differences_leave_the_reference_out():
    (trace,) = across_figure(summary(["0", "1"]), "value", "filler", difference=True).data
    _, same = across_figure(summary(["0", "1"]), "value", "filler").data
    assert trace.line.color == same.line.color and trace.marker.symbol == same.marker.symbol
    assert trace.name == "KPOD" and list(trace.y) == pytest.approx([3, 3])
    assert list(trace.error_y.arrayminus) == pytest.approx([4, 4])


def test_eighteen_methods_have_a_row_each_in_a_panel_for_each_number_of_steps():
    rows = [
        {"num_steps": steps, "label": f"M{number}", "is_reference": number == 0, "accuracy": 0.5, "low": 0.4,
         "high": 0.7, "correct": 5, "questions": 10}
        for number in range(18) for steps in (3, 2)
    ]  # fmt: skip
    figure = steps_panels_figure(pd.DataFrame(rows))
    assert len(figure.data) == 2 and [len(trace.y) for trace in figure.data] == [18, 18]
    assert [figure.layout.xaxis.title.text, figure.layout.xaxis2.title.text] == ["2 steps", "3 steps"]
    assert figure.layout.yaxis.categoryarray[-1] == "M0" and figure.layout.height >= 18 * 24


def test_names_are_only_names():
    table = summary([HOSTILE], (HOSTILE, f"{HOSTILE}2"))
    steps = table.assign(num_steps=1, correct=1, questions=2)
    figures = (across_figure(table, "value", HOSTILE), across_figure(table, "value", HOSTILE, difference=True))
    for figure in (*figures, steps_panels_figure(steps), methods_figure(table.assign(seeds=1))):
        assert "<img" not in figure.to_json()
