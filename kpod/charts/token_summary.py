"""Figures of weights over the whole run: by kind and role of token, by frequency, against loss, over the epochs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from kpod.charts.colour import ACCENT, ACCENT_SECOND, plotly_scale
from kpod.charts.figure import category_colour, category_symbol, interval, new_figure
from kpod.charts.text import for_plotly
from kpod.token_analysis import CLASSES

CLASS_NAMES = {
    "digit": "digits",
    "operator": "operators",
    "word": "words",
    "punctuation": "punctuation",
    "space": "white space",
    "other": "other",
}
MAX_WORDS = 2_500  # points of the figure by frequency; the rarest are drawn evenly from what is more
_GRID = {"showgrid": True, "gridcolor": "rgba(128,136,150,.18)"}


def classes_figure(kinds: np.ndarray, weights: np.ndarray) -> go.Figure:
    """The spread of weights in each kind of token; `kinds` (tokens,) index CLASSES."""
    return spread_figure([CLASS_NAMES[name] for name in CLASSES], kinds, weights)


def spread_figure(names: Sequence[str], groups: np.ndarray, weights: np.ndarray, row_height: int = 36) -> go.Figure:
    """A box a group that has tokens: median, quartiles, and the 5% and 95% points; `groups` (tokens,) index `names`.

    `row_height` is in pixels.
    """
    present = [k for k in range(len(names)) if (groups == k).any()]
    figure = new_figure(60 + row_height * max(3, len(present)), "weight w")
    for k in reversed(present):
        inside = weights[groups == k]
        low, first, middle, third, high = np.quantile(inside, [0.05, 0.25, 0.5, 0.75, 0.95]).tolist()
        figure.add_box(
            y=[f"{for_plotly(names[k], 24)} ({len(inside):,})"],
            q1=[first],
            median=[middle],
            q3=[third],
            lowerfence=[low],
            upperfence=[high],
            mean=[float(inside.mean())],
            orientation="h",
            name=for_plotly(names[k], 24),
            line={"color": category_colour(k)},
            hoverinfo="x",
        )
    figure.update_layout(showlegend=False)
    figure.update_xaxes(range=[0, 1], **_GRID)
    return figure


def loss_figure(nll: np.ndarray, weights: np.ndarray, dark: bool) -> go.Figure:
    """How many tokens have which weight at which NLL; the count's colour is logarithmic, the last percent of losses is
    put to the edge."""
    top = float(np.quantile(nll, 0.99)) if len(nll) else 1.0
    counts, x_edges, y_edges = np.histogram2d(
        np.minimum(nll, top), weights, bins=(28, 24), range=((0, max(top, 1e-6)), (0, 1))
    )
    figure = new_figure(300, "NLL before distillation", "weight w")
    figure.add_heatmap(
        x=(x_edges[:-1] + x_edges[1:]) / 2,
        y=(y_edges[:-1] + y_edges[1:]) / 2,
        z=np.where(counts.T > 0, np.log10(np.maximum(counts.T, 1)), np.nan),
        customdata=counts.T,
        colorscale=plotly_scale(dark, start=0.15),
        showscale=False,
        hoverongaps=False,
        hovertemplate="NLL about %{x:.2f}, weight about %{y:.2f}<br>%{customdata:,} tokens<extra></extra>",
    )
    return figure


def frequency_figure(words: pd.DataFrame, bins: pd.DataFrame) -> go.Figure:
    """Every word's mean weight against how often it occurs, with the median and quartiles of words as frequent.

    `words` is `word_weights`, `bins` `frequency_bins` of them.
    """
    figure = new_figure(300, "occurrences in the corpus", "mean weight w")
    shown = words.iloc[_most_frequent_and_some(len(words))]
    for k, kind in enumerate(CLASSES):
        group = shown[shown["kind"] == kind]
        if group.empty:
            continue
        figure.add_scatter(
            x=group["count"],
            y=group["weight"],
            mode="markers",
            name=CLASS_NAMES[kind],
            marker={"color": category_colour(k), "symbol": category_symbol(k), "size": 6, "opacity": 0.55},
            customdata=[for_plotly(word, 30) for word in group["word"]],
            hovertemplate="<b>%{customdata}</b><br>%{x:,} times, mean weight %{y:.3f}<extra></extra>",
        )
    middle = np.sqrt(bins["low"] * bins["high"])
    figure.add_scatter(
        x=middle,
        y=bins["median"],
        mode="lines+markers",
        name="median, quartiles",
        line={"color": ACCENT_SECOND, "width": 2.5},
        marker={"size": 7, "symbol": "line-ew-open", "line": {"width": 3}},
        error_y=interval(bins["median"], bins["first"], bins["third"], thickness=1.5, width=4),
        customdata=bins[["low", "high", "words"]],
        hovertemplate="%{customdata[2]:,} words that occur %{customdata[0]:,} to %{customdata[1]:,} times<br>"
        "median of their weights %{y:.3f}<extra></extra>",
    )
    figure.update_xaxes(type="log", dtick=1, **_GRID)
    figure.update_yaxes(range=[-0.02, 1.02])
    return figure


def kinds_over_epochs_figure(means: pd.DataFrame) -> go.Figure:
    """Mean weight of each kind of token in every epoch of mask learning; `means` is `mean_weights_by_kind`."""
    figure = new_figure(276, "epoch of mask learning", "mean weight w")
    for k, kind in enumerate(CLASSES):
        if means[kind].notna().any():
            figure.add_scatter(
                x=means.index,
                y=means[kind],
                mode="lines+markers",
                name=CLASS_NAMES[kind],
                line={"color": category_colour(k), "width": 2},
                marker={"symbol": category_symbol(k), "size": 7},
                hovertemplate=f"{CLASS_NAMES[kind]}, epoch %{{x}}<br>mean weight %{{y:.3f}}<extra></extra>",
            )
    figure.update_yaxes(range=[-0.02, 1.02])
    figure.update_xaxes(dtick=max(1, round(len(means) / 12)))
    return figure


def weights_histogram(weights: np.ndarray) -> go.Figure:
    """How many occurrences have which weight, in twenty bins of 0 to 1."""
    counts, edges = np.histogram(weights, bins=20, range=(0, 1))
    figure = new_figure(150, "weight w", "occurrences")
    figure.add_bar(
        x=(edges[:-1] + edges[1:]) / 2,
        y=counts,
        width=0.046,
        marker={"color": ACCENT},
        customdata=np.column_stack([edges[:-1], edges[1:]]),
        hovertemplate="weight %{customdata[0]:.2f} to %{customdata[1]:.2f}: %{y:,}<extra></extra>",
    )
    figure.update_xaxes(range=[0, 1])
    figure.update_layout(showlegend=False)
    return figure


def _most_frequent_and_some(count: int) -> np.ndarray:
    """Rows to draw of a table sorted by frequency: the first half of MAX_WORDS, and an even draw from the rest."""
    if count <= MAX_WORDS:
        return np.arange(count)
    head = MAX_WORDS // 2
    return np.concatenate([np.arange(head), np.linspace(head, count - 1, MAX_WORDS - head).round().astype(int)])
