"""Figures of the schedule by stage: budget, slack, picks by cluster, value; and all of them as one page."""

from __future__ import annotations

import html
from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from kpod.charts.colour import ACCENT, ACCENT_SECOND, MISSING
from kpod.charts.figure import category_colour, new_figure
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
    figure.update_xaxes(dtick=whole_ticks(len(stages)))
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
    figure.update_xaxes(dtick=whole_ticks(len(stages)))
    return figure


def picks_figure(
    stages: pd.DataFrame, cluster_sizes: np.ndarray | None = None, cluster_names: Sequence[str] = ()
) -> go.Figure:
    """Each cluster's share of the questions picked at each stage, beside its share of all questions.

    `cluster_sizes` (clusters,) counts the questions of every cluster; without it the bar of all is left out. The number
    of picks stands above each bar. `cluster_names` names the clusters from 0 on; those without a name are numbered.
    """
    stages = stages.sort_values("stage")
    picks = np.array([list(row) for row in stages["picks_by_cluster"]])  # (stages, clusters)
    names = [str(stage) for stage in stages["stage"]]
    if cluster_sizes is not None:
        picks = np.vstack([cluster_sizes, picks])
        names = ["all", *names]
    totals = picks.sum(axis=1)
    shares = picks / np.maximum(totals, 1)[:, None]
    figure = new_figure(300, "all questions, then the picks of stage t", "share of the questions")
    for k in range(picks.shape[1]):
        cluster = for_plotly(cluster_names[k], 36) if k < len(cluster_names) else f"cluster {k}"
        figure.add_bar(
            x=names,
            y=shares[:, k],
            name=cluster,
            customdata=picks[:, k],
            marker={
                "color": category_colour(k),
                "line": {"width": 0},
                "pattern": {"shape": _pattern(k), "fillmode": "overlay", "fgopacity": 0.5, "size": 7},
            },
            meta=cluster,  # not in the template itself: a name may hold what a template reads
            hovertemplate="%{x}<br>%{meta}: %{customdata:,.0f} questions, %{y:.0%}<extra></extra>",
        )
    for place, total in enumerate(totals.astype(int).tolist()):  # by place: a name such as "0" would be read as one
        figure.add_annotation(x=place, y=1.0, yanchor="bottom", text=f"{total:,}", showarrow=False, font={"size": 11})
    figure.update_layout(barmode="stack", legend={"y": 1.1})
    figure.update_xaxes(type="category")
    figure.update_yaxes(tickformat=".0%", range=[0, 1.08], tickvals=[0, 0.25, 0.5, 0.75, 1])
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
    figure.update_xaxes(dtick=whole_ticks(len(stages)))
    return figure


def whole_ticks(count: int) -> int:
    """The distance of ticks on an axis of so many stages or epochs: at most twelve or so."""
    return max(1, round(count / 12))


def _pattern(index: int) -> str:
    return ("", "/", "\\", "x", "-", "|", "+", ".")[index % 8]


def schedule_page(stages: pd.DataFrame, title: str, cluster_names: Sequence[str] = ()) -> str:
    """The figures of a schedule by stage as one HTML page that needs no network; names as in `picks_figure`."""
    figures = (budget_figure(stages), value_figure(stages), picks_figure(stages, cluster_names=cluster_names))
    parts = [figure.to_html(full_html=False, include_plotlyjs=index == 0) for index, figure in enumerate(figures)]
    heading = html.escape(title)
    head = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{heading}</title>'
    return f"{head}<h1>{heading}</h1>{''.join(parts)}"
