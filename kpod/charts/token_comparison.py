"""Two sets of weights of one rationale side by side, and their signed difference piece by piece: the payload."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from kpod.charts.colour import plotly_scale
from kpod.charts.figure import new_figure
from kpod.charts.keypoints import nearest_steps, token_texts
from kpod.token_analysis import Pieces, aggregate, agreement, aligned_pieces, units_of, visible_spans


def in_units(
    rationale: str, tokens: pd.DataFrame, weights: np.ndarray, granularity: str, how: str
) -> tuple[pd.DataFrame, np.ndarray]:
    """A question's tokens, sorted by position, and their weights (tokens,) as words or steps: spans, steps, weights.

    Weights are put together by `how` (mean, max or sum); "token" leaves all as it is.
    """
    if granularity == "token" or tokens.empty:
        return tokens, weights
    starts, ends = tokens["character_start"].to_numpy(), tokens["character_end"].to_numpy()
    steps = nearest_steps(tokens["step"].to_numpy())
    units = units_of(rationale, starts, ends, steps, granularity)
    first = np.flatnonzero(np.concatenate([[True], np.diff(units) != 0]))
    frame = {
        "character_start": np.minimum.reduceat(starts, first),
        "character_end": np.maximum.reduceat(ends, first),
        "step": steps[first],
    }
    return pd.DataFrame(frame), aggregate(weights, units, how)


def comparison_payload(
    rationale: str, first: pd.DataFrame, weights_a: np.ndarray, second: pd.DataFrame, weights_b: np.ndarray
) -> dict[str, Any]:
    """Plain values for the component: both sides' tokens, and the pieces that a token of either covers.

    `first` and `second` are the rows of `tokens` of one question, sorted by position, or `in_units` of them, with their
    weights (tokens,); both belong to the same rationale. `difference` of a piece is A - B, `places` say which piece of
    its step it is, from 1. `top` is what the end of the colour scales stands for: 1, or more for sums.
    """
    pieces = pieces_of(rationale, first, second)
    leads, texts = token_texts(rationale, pieces.starts, pieces.ends)
    a, b = weights_a[pieces.first], weights_b[pieces.second]
    last = int(pieces.ends.max(initial=0))
    steps = nearest_steps(first["step"].to_numpy())[pieces.first] if len(first) else np.zeros(0, dtype=int)
    return {
        "top": round(float(max(1.0, weights_a.max(initial=0), weights_b.max(initial=0))), 4),
        "sides": [_side(rationale, first, weights_a), _side(rationale, second, weights_b)],
        "pieces": {
            "leads": leads,
            "texts": texts,
            "tail": rationale[last:],
            "steps": steps.tolist(),
            "places": (pd.Series(steps).groupby(steps).cumcount() + 1).tolist(),
            "a": pieces.first.tolist(),
            "b": pieces.second.tolist(),
            "first": np.round(a, 4).tolist(),
            "second": np.round(b, 4).tolist(),
            "difference": np.round(a - b, 4).tolist(),
        },
    }


def pieces_of(rationale: str, first: pd.DataFrame, second: pd.DataFrame) -> Pieces:
    """The pieces of a rationale that one token of each side covers, white space at their edges apart."""
    sides = [
        visible_spans(rationale, tokens["character_start"].to_numpy(), tokens["character_end"].to_numpy())
        for tokens in (first, second)
    ]
    return aligned_pieces(*sides[0], *sides[1])


def agreement_figures(weights_a: np.ndarray, weights_b: np.ndarray, threshold: float) -> list[tuple[str, str, str]]:
    """How far two sets of weights of the same pieces agree, as (value, name, explanation) each."""
    found = agreement(weights_a, weights_b, threshold)
    return [
        (_signed(found.correlation), "rank correlation", "Spearman's, of the weights of the same pieces of text"),
        (f"{found.mean_gap:.3f}", "mean |A − B|", "how far the weights lie apart on average"),
        (_signed(found.mean_shift, 3), "mean A − B", "whether one side keeps more than the other"),
        (f"{found.same_side:.0%}", f"same side of {threshold:.2f}", "keypoints in both, or in neither"),
        (
            "–" if np.isnan(found.overlap) else f"{found.overlap:.0%}",
            "shared keypoints",
            f"at least {threshold:.2f} in both, of those that are so in either",
        ),
    ]


def agreement_figure(weights_a: np.ndarray, weights_b: np.ndarray, names: tuple[str, str], dark: bool) -> go.Figure:
    """How many tokens of the corpus have which weight on either side; the count's colour is logarithmic."""
    counts, edges, _ = np.histogram2d(weights_a, weights_b, bins=30, range=((0, 1), (0, 1)))
    middle = (edges[:-1] + edges[1:]) / 2
    figure = new_figure(360, f"weight in {names[0]}", f"weight in {names[1]}")
    figure.add_heatmap(
        x=middle,
        y=middle,
        z=np.where(counts.T > 0, np.log10(np.maximum(counts.T, 1)), np.nan),
        customdata=counts.T,
        colorscale=plotly_scale(dark, start=0.15),
        showscale=False,
        hoverongaps=False,
        hovertemplate="A about %{x:.2f}, B about %{y:.2f}<br>%{customdata:,} tokens<extra></extra>",
    )
    figure.add_shape(type="line", x0=0, y0=0, x1=1, y1=1, line={"dash": "dot", "width": 1, "color": "#8a909c"})
    return figure


def _side(rationale: str, tokens: pd.DataFrame, weights: np.ndarray) -> dict[str, Any]:
    starts, ends = tokens["character_start"].to_numpy(), tokens["character_end"].to_numpy()
    leads, texts = token_texts(rationale, starts, ends)
    return {
        "leads": leads,
        "texts": texts,
        "tail": rationale[int(ends.max(initial=0)) :],
        "steps": nearest_steps(tokens["step"].to_numpy()).tolist(),
        "weights": np.round(weights, 4).tolist(),
    }


def _signed(value: float, digits: int = 2) -> str:
    return "–" if np.isnan(value) else f"{value:+.{digits}f}".replace("-", "−")
