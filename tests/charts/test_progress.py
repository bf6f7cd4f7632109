"""Figures of a run at work."""

from __future__ import annotations

import numpy as np
import pytest

from kpod.charts.progress import (
    MAX_POINTS,
    epoch_ends,
    keep_rate_figure,
    last_number,
    learning_rate_figure,
    loss_figure,
    mask_figure,
    running_mean,
    series,
    thinned,
    tokens_a_second,
)

ROWS = [
    {"step": step, "epoch": 1 + step // 4, "loss": 4 / (step + 1), "learning_rate": 1e-3, "tokens": 100, "seconds": 0.5}
    for step in range(10)
]


def test_a_series_leaves_out_rows_without_it():
    x, y = series([{"step": 1, "a": 2.0}, {"step": 2}, {"step": 3, "a": None}, {"step": 4, "a": 5}], "a")
    assert x.tolist() == [1, 4] and y.tolist() == [2.0, 5.0]


def test_a_running_mean_by_hand():
    assert running_mean(np.array([1.0, 3.0, 5.0, 7.0, 9.0, 11.0])).tolist() == [1.0, 2.0, 3.0, 4.0, 5.0, 7.0]
    assert len(running_mean(np.array([]))) == 0


def test_a_long_curve_is_thinned_with_both_ends():
    x = np.arange(10_000)
    shown, _ = thinned(x, x)
    assert len(shown) <= MAX_POINTS and shown[0] == 0 and shown[-1] == 9_999
    assert thinned(x[:10], x[:10])[0].tolist() == list(range(10))


def test_the_speed_is_of_the_last_steps():
    assert tokens_a_second(ROWS) == pytest.approx(200.0)
    slow = [row | {"seconds": 10.0} for row in ROWS] * 3
    assert tokens_a_second(slow + ROWS * 2) == pytest.approx(200.0)
    assert tokens_a_second([]) is None and tokens_a_second([{"step": 1}]) is None


def test_epochs_are_parted():
    assert epoch_ends(ROWS) == [3, 7]
    assert len(loss_figure(ROWS).layout.shapes) == 2
    assert epoch_ends([{"step": step, "epoch": step} for step in range(100)]) == []


def test_the_loss_figure_shows_the_steps_and_their_mean():
    figure = loss_figure(ROWS)
    assert [trace.name for trace in figure.data] == ["loss of a step", "running mean"]
    assert list(figure.data[0].y) == [row["loss"] for row in ROWS]


def test_mask_learning_shows_what_was_logged():
    rows = [{"step": 1, "phase": "predictor", "nll_random": 3.0}]
    assert [trace.name for trace in mask_figure(rows).data] == ["random masks (warm-up)"]
    rows.append({"step": 2, "phase": "mask", "nll_masked": 2.0, "nll_full": 1.0, "nll_empty": 4.0, "keep_rate": 0.5})
    assert len(mask_figure(rows).data) == 4
    rest = mask_figure([*rows, rows[-1] | {"step": 3, "rest_masked": 0.7}]).data[-1]
    assert rest.name == "its own rest after masked steps" and (list(rest.x), list(rest.y)) == ([3], [0.7])
    assert list(keep_rate_figure(rows).data[0].y) == [0.5]


@pytest.mark.parametrize("make", [loss_figure, learning_rate_figure, mask_figure, keep_rate_figure])
def test_a_run_that_logged_nothing_has_empty_figures(make):
    assert all(not len(trace.x) for trace in make([]).data)


def test_rubbish_in_the_metrics_of_a_foreign_run_is_left_out():
    rubbish = [
        {"step": "x", "loss": "<b>"},
        {"step": 1, "loss": float("nan")},
        {"step": 10**400, "loss": 1},
        {"epoch": []},
    ]
    for make in (loss_figure, learning_rate_figure, mask_figure, keep_rate_figure):
        make(rubbish + ROWS)
    assert len(series(rubbish, "loss")[0]) == 0
    assert last_number(rubbish, "loss") is None and last_number(ROWS, "epoch") == 3 and last_number([], "loss") is None
    assert tokens_a_second([{"tokens": "many", "seconds": 1}, {"tokens": 10, "seconds": 2}]) == 5.0
