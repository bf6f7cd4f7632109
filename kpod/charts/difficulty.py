"""Figures of difficulty over the epochs of distillation: of one question's steps, by position, and of all steps."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from kpod.charts.colour import ACCENT
from kpod.charts.curriculum import whole_ticks
from kpod.charts.figure import category_colour, category_symbol, new_figure

EPOCHS = "epoch (0: before distillation)"


def difficulty_figure(history: pd.DataFrame, supervised_from: Sequence[int | None] = ()) -> go.Figure:
    """Difficulty of each step of one question over the epochs of distillation; epoch 0 is before it.

    `supervised_from` has for each step the stage (epoch) from which it is supervised: until then its marks are open.
    """
    figure = new_figure(280, EPOCHS, "difficulty d (Eq. 8)")
    for step, group in history.sort_values("epoch").groupby("step", sort=True):
        step = int(step)
        since = supervised_from[step] if step < len(supervised_from) else 0
        symbol = category_symbol(step)
        epochs = group["epoch"].to_numpy()
        is_input = epochs < (np.inf if since is None else since)
        figure.add_scatter(
            x=epochs,
            y=group["difficulty"],
            name=f"step {step + 1}",
            mode="lines+markers",
            line={"color": category_colour(step), "width": 2},
            marker={"symbol": np.where(is_input, f"{symbol}-open", symbol).tolist(), "size": 8},
            customdata=np.where(is_input, "still input", "supervised"),
            hovertemplate=f"step {step + 1}, epoch %{{x}}, %{{customdata}}<br>d = %{{y:.3f}}<extra></extra>",
        )
    figure.update_yaxes(rangemode="tozero")
    figure.update_xaxes(dtick=whole_ticks(history["epoch"].nunique()))
    return figure


def before_figure(steps: pd.DataFrame, supervised_from: Sequence[int | None]) -> go.Figure:
    """Difficulty of each step of one question before distillation: all there is of a question outside the probe."""
    figure = new_figure(280, "", "difficulty d (Eq. 8)")
    steps = steps.sort_values("step")
    since = ["never supervised" if stage is None else f"from stage {stage}" for stage in supervised_from]
    numbers = [int(step) for step in steps["step"]]
    figure.add_bar(
        x=[f"step {step + 1}" for step in numbers],
        y=steps["difficulty"],
        marker={"color": [category_colour(step) for step in numbers], "line": {"width": 0}},
        text=[f"{value:.2f}" for value in steps["difficulty"]],
        textposition="outside",
        cliponaxis=False,
        customdata=since,
        hovertemplate="%{x}, supervised %{customdata}<br>d = %{y:.3f}<extra></extra>",
    )
    figure.update_layout(showlegend=False, bargap=0.5)
    figure.update_xaxes(type="category", title="before distillation")
    figure.update_yaxes(rangemode="tozero")
    return figure


def corpus_difficulty_figure(history: pd.DataFrame) -> go.Figure:
    """Median and quartiles of the difficulty of all steps over the epochs."""
    quartiles = history.groupby("epoch")["difficulty"].quantile([0.25, 0.5, 0.75]).unstack()
    figure = new_figure(280, EPOCHS, "difficulty d of all steps")
    for trace in _band(quartiles.index, quartiles[0.25], quartiles[0.5], quartiles[0.75]):
        figure.add_trace(trace)
    figure.update_yaxes(rangemode="tozero")
    figure.update_xaxes(dtick=whole_ticks(len(quartiles)))
    return figure


def position_figure(quartiles: pd.DataFrame, *, from_end: bool = False) -> go.Figure:
    """A panel a position of a step: median and quartiles of its difficulty over the epochs, all on one scale.

    `quartiles` is `quartiles_by_position`; its last position holds all further ones where there are as many.
    """
    positions = sorted(quartiles["position"].unique())
    names = [_position_name(int(position), len(positions), from_end) for position in positions]
    counts = quartiles.groupby("position")["steps"].max()
    titles = [
        f"{name}<br><span style='font-size:11px'>{counts[p]:,} steps</span>"
        for name, p in zip(names, positions, strict=True)
    ]
    figure = make_subplots(1, len(positions), shared_yaxes=True, subplot_titles=titles, horizontal_spacing=0.02)
    figure.update_layout(new_figure(300).layout)
    for column, position in enumerate(positions, start=1):
        rows = quartiles[quartiles["position"] == position].sort_values("epoch")
        for trace in _band(rows["epoch"], rows["first"], rows["median"], rows["third"], legend=column == 1):
            figure.add_trace(trace, row=1, col=column)
        figure.update_xaxes(title_text="epoch", dtick=max(1, round(len(rows) / 5)), row=1, col=column)
    figure.update_xaxes(showgrid=False, zeroline=False)
    figure.update_yaxes(rangemode="tozero", zeroline=False, gridcolor="rgba(128,136,150,.18)")
    figure.update_yaxes(title_text="difficulty d", row=1, col=1)
    figure.update_layout(margin={"t": 72}, legend={"y": 1.22})
    figure.update_annotations(font_size=13)
    return figure


def _position_name(position: int, count: int, from_end: bool) -> str:
    more = " and more" if position == count and count > 1 else ""
    if not from_end:
        return f"step {position}{more}"
    return "last step" if position == 1 else f"{position - 1} before it{more}"


def _band(
    epochs: pd.Index, low: pd.Series, middle: pd.Series, high: pd.Series, legend: bool = True
) -> list[go.Scatter]:
    """Two quartiles with what lies between them shaded, and the median."""
    edge = {"x": epochs, "mode": "lines", "line": {"width": 0}, "hoverinfo": "skip"}
    median = go.Scatter(
        x=epochs,
        y=middle,
        mode="lines+markers",
        line={"color": ACCENT, "width": 2.5},
        name="median",
        showlegend=legend,
        customdata=np.column_stack([low, high]),
        hovertemplate="epoch %{x}<br>median %{y:.3f}<br>"
        "quartiles %{customdata[0]:.3f} to %{customdata[1]:.3f}<extra></extra>",
    )
    return [
        go.Scatter(y=low, showlegend=False, **edge),
        go.Scatter(
            y=high, fill="tonexty", fillcolor="rgba(47,126,188,.2)", name="quartiles", showlegend=legend, **edge
        ),
        median,
    ]
