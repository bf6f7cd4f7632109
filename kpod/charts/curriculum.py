"""Figures of the schedule by stage: budget, picks, value; and of difficulty over the epochs."""

from __future__ import annotations

import html

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from kpod.charts.colour import ACCENT, ACCENT_SECOND, MISSING
from kpod.charts.figure import category_colour, category_symbol, new_figure
from kpod.charts.text import for_plotly


def budget_figure(stages: pd.DataFrame) -> go.Figure:
    """D(t) and H(t) by stage as shares of the final budget B (Eq. 9-11), the slack between them shaded."""
    stages = stages.sort_values("stage")
    total = float(stages["budget"].iloc[-1]) or 1.0
    figure = new_figure(300, "stage t", "share of the whole difficulty B")
    x, budget, supervised = stages["stage"], stages["budget"] / total, stages["supervised"] / total
    figure.add_scatter(
        x=x,
        y=supervised,
        name="H(t) supervised",
        mode="lines+markers",
        line={"color": ACCENT, "width": 2.5},
        marker={"size": 8, "symbol": "circle"},
        customdata=np.column_stack([stages["supervised"], stages["slack"]]),
        hovertemplate="stage %{x}<br>H = %{customdata[0]:.2f} (%{y:.1%})<br>"
        "slack D − H = %{customdata[1]:.3f}<extra></extra>",
    )
    figure.add_scatter(
        x=x,
        y=budget,
        name="D(t) budget",
        mode="lines+markers",
        line={"color": ACCENT_SECOND, "width": 2.5, "dash": "dash"},
        marker={"size": 9, "symbol": "diamond-open"},
        fill="tonexty",
        fillcolor="rgba(217,130,43,.16)",
        customdata=stages["budget"],
        hovertemplate="stage %{x}<br>D = %{customdata:.2f} (%{y:.1%})<extra></extra>",
    )
    figure.update_yaxes(tickformat=".0%", rangemode="tozero")
    figure.update_xaxes(dtick=_whole_ticks(len(stages)))
    return figure


def slack_figure(stages: pd.DataFrame) -> go.Figure:
    """What a stage left of its budget, D(t) - H(t); below zero the deadline rule overran it."""
    stages = stages.sort_values("stage")
    slack = stages["slack"].to_numpy(dtype=float)
    figure = new_figure(150, "stage t", "slack D − H")
    figure.add_bar(
        x=stages["stage"],
        y=slack,
        marker={
            "color": [ACCENT if value >= 0 else ACCENT_SECOND for value in slack],
            "pattern": {"shape": ["" if value >= 0 else "/" for value in slack], "fillmode": "overlay"},
        },
        hovertemplate="stage %{x}<br>slack %{y:.3f}<extra></extra>",
    )
    figure.update_layout(showlegend=False)
    figure.update_xaxes(dtick=_whole_ticks(len(stages)))
    return figure


def picks_figure(stages: pd.DataFrame) -> go.Figure:
    """How many questions of each cluster dropped input steps at each stage."""
    stages = stages.sort_values("stage")
    picks = np.array([list(row) for row in stages["picks_by_cluster"]])  # (stages, clusters)
    figure = new_figure(280, "stage t", "questions picked")
    for k in range(picks.shape[1]):
        figure.add_bar(
            x=stages["stage"],
            y=picks[:, k],
            name=f"cluster {k}",
            marker={
                "color": category_colour(k),
                "line": {"width": 0},
                "pattern": {"shape": _pattern(k), "fillmode": "overlay", "fgopacity": 0.5, "size": 7},
            },
            hovertemplate=f"stage %{{x}}<br>cluster {k}: %{{y}} questions<extra></extra>",
        )
    figure.update_layout(barmode="stack")
    figure.update_xaxes(dtick=_whole_ticks(len(stages)))
    return figure


def value_figure(stages: pd.DataFrame) -> go.Figure:
    """The two terms of g at each stage, stacked, with the upper bound that certifies them."""
    stages = stages.sort_values("stage")
    figure = new_figure(280, "stage t", "value g(S)")
    terms = (("gain_term", "Σ δ difficulty gained", ACCENT, ""), ("diversity_term", "β Σ √ picks", ACCENT_SECOND, "/"))
    for column, name, colour, shape in terms:
        figure.add_bar(
            x=stages["stage"],
            y=stages[column],
            name=name,
            marker={"color": colour, "pattern": {"shape": shape, "fillmode": "overlay", "fgopacity": 0.5, "size": 7}},
            hovertemplate=f"stage %{{x}}<br>{name}: %{{y:.2f}}<extra></extra>",
        )
    figure.add_scatter(
        x=stages["stage"],
        y=stages["bound"],
        name="upper bound",
        mode="markers",
        marker={"symbol": "line-ew", "size": 26, "line": {"width": 2.5, "color": MISSING}},
        hovertemplate="stage %{x}<br>upper bound %{y:.2f}<extra></extra>",
    )
    figure.update_layout(barmode="stack")
    figure.update_xaxes(dtick=_whole_ticks(len(stages)))
    return figure


def difficulty_figure(history: pd.DataFrame) -> go.Figure:
    """Difficulty of each step of one question over the epochs of distillation; epoch 0 is before it."""
    figure = new_figure(280, "epoch (0: before distillation)", "difficulty d (Eq. 8)")
    for step, group in history.sort_values("epoch").groupby("step", sort=True):
        figure.add_scatter(
            x=group["epoch"],
            y=group["difficulty"],
            name=f"step {int(step) + 1}",
            mode="lines+markers",
            line={"color": category_colour(int(step)), "width": 2},
            marker={"symbol": category_symbol(int(step)), "size": 7},
            hovertemplate=f"step {int(step) + 1}, epoch %{{x}}<br>d = %{{y:.3f}}<extra></extra>",
        )
    figure.update_yaxes(rangemode="tozero")
    figure.update_xaxes(dtick=_whole_ticks(history["epoch"].nunique()))
    return figure


def corpus_difficulty_figure(history: pd.DataFrame) -> go.Figure:
    """Median and quartiles of the difficulty of all steps over the epochs."""
    quartiles = history.groupby("epoch")["difficulty"].quantile([0.25, 0.5, 0.75]).unstack()
    figure = new_figure(280, "epoch (0: before distillation)", "difficulty d of all steps")
    figure.add_scatter(
        x=quartiles.index, y=quartiles[0.25], mode="lines", line={"width": 0}, showlegend=False, hoverinfo="skip"
    )
    figure.add_scatter(
        x=quartiles.index,
        y=quartiles[0.75],
        mode="lines",
        line={"width": 0},
        fill="tonexty",
        fillcolor="rgba(47,126,188,.2)",
        name="quartiles",
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=quartiles.index,
        y=quartiles[0.5],
        mode="lines+markers",
        line={"color": ACCENT, "width": 2.5},
        name="median",
        customdata=quartiles[[0.25, 0.75]],
        hovertemplate="epoch %{x}<br>median %{y:.3f}<br>"
        "quartiles %{customdata[0]:.3f} to %{customdata[1]:.3f}<extra></extra>",
    )
    figure.update_yaxes(rangemode="tozero")
    figure.update_xaxes(dtick=_whole_ticks(len(quartiles)))
    return figure


def question_label(question: str, text: str) -> str:
    """A question in a hover: its id and the beginning of its text."""
    return f"{for_plotly(question, 40)}: {for_plotly(text, 70)}"


def _whole_ticks(count: int) -> int:
    return max(1, round(count / 12))


def _pattern(index: int) -> str:
    return ("", "/", "\\", "x", "-", "|", "+", ".")[index % 8]


def schedule_page(stages: pd.DataFrame, title: str) -> str:
    """The figures of a schedule by stage as one HTML page that needs no network."""
    figures = (budget_figure(stages), value_figure(stages), picks_figure(stages))
    parts = [figure.to_html(full_html=False, include_plotlyjs=index == 0) for index, figure in enumerate(figures)]
    heading = html.escape(title)
    head = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{heading}</title>'
    return f"{head}<h1>{heading}</h1>{''.join(parts)}"
