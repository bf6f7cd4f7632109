"""Figures of a run at work: the loss and the learning rate by step, mask learning, and the speed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from kpod.charts.colour import ACCENT, ACCENT_SECOND, CATEGORIES, MISSING
from kpod.charts.figure import new_figure

MAX_POINTS = 400  # of a curve: more cannot be told apart at this width
RECENT_STEPS = 20
LARGEST = 2**53

Rows = Sequence[dict[str, Any]]


def loss_figure(rows: Rows) -> go.Figure:
    """The distillation loss (Eq. 15) of every step, and its running mean; a line between the epochs."""
    figure = new_figure(260, "step", "loss (nats a token)")
    x, y = series(rows, "loss")
    shown_x, shown_y = thinned(x, y)
    figure.add_scatter(
        x=shown_x,
        y=shown_y,
        name="loss of a step",
        mode="markers",
        marker={"size": 4, "color": ACCENT, "opacity": 0.35},
        hovertemplate="step %{x}<br>loss %{y:.3f}<extra></extra>",
    )
    smooth_x, smooth_y = thinned(x, running_mean(y))
    figure.add_scatter(
        x=smooth_x,
        y=smooth_y,
        name="running mean",
        mode="lines",
        line={"color": ACCENT_SECOND, "width": 2.5},
        hovertemplate="step %{x}<br>mean %{y:.3f}<extra></extra>",
    )
    for step in epoch_ends(rows):
        figure.add_vline(x=step + 0.5, line={"color": MISSING, "width": 1, "dash": "dot"}, opacity=0.5)
    figure.update_yaxes(rangemode="tozero")
    return _by_step(figure, x)


def learning_rate_figure(rows: Rows) -> go.Figure:
    """The learning rate of every step."""
    figure = _one_line(rows, "learning_rate", "learning rate", "%{y:.3g}")
    figure.update_yaxes(rangemode="tozero", exponentformat="power")
    return figure


def mask_figure(rows: Rows) -> go.Figure:
    """The answer's loss with the masked, the full, the empty and a randomly masked rationale, by step; and the loss of
    the rest of the rationale after masked steps, where that must stay predictable too."""
    figure = new_figure(260, "step", "NLL of the answer (nats a token)")
    lines = (
        ("nll_empty", "no rationale", MISSING, "dot"),
        ("nll_random", "random masks (warm-up)", CATEGORIES[2], "solid"),
        ("nll_masked", "masked as learned", ACCENT_SECOND, "solid"),
        ("nll_full", "full rationale", ACCENT, "dash"),
        ("rest_masked", "its own rest after masked steps", CATEGORIES[3], "dot"),
    )
    for key, name, colour, dash in lines:
        x, y = series(rows, key)
        if not len(x):
            continue
        measured = key in ("nll_empty", "nll_full")  # every so many steps, and stands until the next time
        x, y = thinned(x, y if measured else running_mean(y))
        figure.add_scatter(
            x=x,
            y=y,
            name=name,
            mode="lines",
            line={"color": colour, "width": 2, "dash": dash},
            hovertemplate=f"step %{{x}}<br>{name}: %{{y:.3f}}<extra></extra>",
        )
    figure.update_yaxes(rangemode="tozero")
    return figure


def keep_rate_figure(rows: Rows) -> go.Figure:
    """The share of rationale tokens that the learned mask keeps, by step."""
    figure = _one_line(rows, "keep_rate", "tokens kept", "%{y:.1%} kept")
    figure.update_yaxes(range=[0, 1], tickformat=".0%")
    return figure


def _one_line(rows: Rows, key: str, title: str, told: str) -> go.Figure:
    """A low figure of one logged value by step; `told` says the value under the pointer."""
    figure = new_figure(170, "step", title)
    x, y = thinned(*series(rows, key))
    figure.add_scatter(
        x=x,
        y=y,
        mode="lines",
        line={"color": ACCENT, "width": 2},
        hovertemplate=f"step %{{x}}<br>{told}<extra></extra>",
    )
    figure.update_layout(showlegend=False)
    return _by_step(figure, x)


def _by_step(figure: go.Figure, steps: np.ndarray) -> go.Figure:
    """Figures of one training lie below each other: a step has the same place in all of them."""
    if len(steps):
        figure.update_xaxes(range=[0, 1.01 * int(steps[-1]) + 1])
    figure.update_layout(margin_l=64)
    figure.update_yaxes(automargin=False)
    return figure


def series(rows: Rows, key: str) -> tuple[np.ndarray, np.ndarray]:
    """Steps and values (points,) of one figure of the metrics; rows without it are left out."""
    pairs = [(number_in(row, "step"), number_in(row, key)) for row in rows]
    found = [(int(step), value) for step, value in pairs if step is not None and value is not None]
    return np.array([step for step, _ in found], dtype=int), np.array([value for _, value in found], dtype=float)


def number_in(row: dict[str, Any], key: str) -> float | None:
    """A finite number of a row; None where it has none, for a file from elsewhere may hold anything."""
    value = row.get(key)
    return value if isinstance(value, int | float) and abs(value) < LARGEST else None  # NaN is below nothing


def last_number(rows: Rows, key: str) -> float | None:
    """The number of the last row."""
    return number_in(rows[-1], key) if rows else None


def running_mean(values: np.ndarray) -> np.ndarray:
    """The mean of the last twentieth of the values up to each, at least of 5, without lag at the start."""
    if not len(values):
        return values
    window = max(5, len(values) // 20)
    sums = np.concatenate([[0.0], np.cumsum(values)])
    ends = np.arange(1, len(values) + 1)
    starts = np.maximum(0, ends - window)
    return (sums[ends] - sums[starts]) / (ends - starts)


def thinned(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """At most MAX_POINTS of the points, evenly drawn, the first and the last among them."""
    if len(x) <= MAX_POINTS:
        return x, y
    chosen = np.unique(np.linspace(0, len(x) - 1, MAX_POINTS).round().astype(int))
    return x[chosen], y[chosen]


def epoch_ends(rows: Rows) -> list[int]:
    """The last step of every epoch but the one at work; none where they would crowd the figure."""
    steps, epochs = series(rows, "epoch")
    ends = [int(step) for step, now, following in zip(steps, epochs, epochs[1:], strict=False) if now != following]
    return ends if len(ends) <= 40 else []


def tokens_a_second(rows: Rows) -> float | None:
    """Tokens a second over the last steps; None where none were timed."""
    timed = [(number_in(row, "tokens"), number_in(row, "seconds")) for row in rows[-RECENT_STEPS:]]
    recent = [(tokens, seconds) for tokens, seconds in timed if tokens and seconds]
    seconds = sum(seconds for _, seconds in recent)
    return sum(tokens for tokens, _ in recent) / seconds if seconds > 0 else None
