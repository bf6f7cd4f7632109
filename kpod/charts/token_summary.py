"""Weights over the whole run: by kind of token, against the token's loss, and by word."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from kpod.charts.colour import plotly_scale
from kpod.charts.figure import category_colour, new_figure
from kpod.charts.keypoints import CLASSES, token_class

MAX_TOKENS = 60_000  # enough for every figure here; a larger run is read by whole questions, evenly drawn
CLASS_NAMES = {"digit": "digits", "operator": "operators", "word": "words", "other": "other"}


def token_rows(questions: pd.DataFrame, tokens: pd.DataFrame) -> pd.DataFrame:
    """Tokens with text, kind, weight and (where known) nll: of all questions, or of a sample of whole ones."""
    kept = _sample_questions(tokens["question_index"].to_numpy())
    chosen = tokens if kept is None else tokens[tokens["question_index"].isin(kept)]
    rationales = questions["rationale"].tolist()
    texts = [
        rationales[i][start:end]
        for i, start, end in zip(
            chosen["question_index"], chosen["character_start"], chosen["character_end"], strict=True
        )
    ]
    kinds = {text: token_class(text) for text in set(texts)}
    columns = ["weight"] + (["nll"] if "nll" in chosen else [])
    return chosen[columns].reset_index(drop=True).assign(text=texts, kind=[kinds[text] for text in texts])


def classes_figure(rows: pd.DataFrame) -> go.Figure:
    """The spread of weights in each kind of token: median, quartiles, and the 5% and 95% points."""
    figure = new_figure(260, "weight w", "")
    for i, kind in reversed(list(enumerate(CLASSES))):
        weights = rows.loc[rows["kind"] == kind, "weight"].to_numpy(dtype=float)
        if not len(weights):
            continue
        low, first, middle, third, high = np.quantile(weights, [0.05, 0.25, 0.5, 0.75, 0.95]).tolist()
        figure.add_box(
            y=[f"{CLASS_NAMES[kind]} ({len(weights):,})"],
            q1=[first],
            median=[middle],
            q3=[third],
            lowerfence=[low],
            upperfence=[high],
            orientation="h",
            name=CLASS_NAMES[kind],
            line={"color": category_colour(i)},
            hoverinfo="x",
        )
    figure.update_layout(showlegend=False)
    figure.update_xaxes(range=[0, 1], showgrid=True, gridcolor="rgba(128,136,150,.18)")
    return figure


def loss_figure(rows: pd.DataFrame, dark: bool) -> go.Figure:
    """How many tokens have which weight at which NLL; the count's colour is logarithmic."""
    nll = rows["nll"].to_numpy(dtype=float)
    top = float(np.quantile(nll, 0.99)) if len(nll) else 1.0
    counts, x_edges, y_edges = np.histogram2d(
        np.minimum(nll, top), rows["weight"].to_numpy(dtype=float), bins=(28, 24), range=((0, max(top, 1e-6)), (0, 1))
    )
    figure = new_figure(260, "NLL before distillation", "weight w")
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


def word_table(rows: pd.DataFrame, least: int = 3) -> pd.DataFrame:
    """Words and symbols (case and outer space apart) that occur at least `least` times: count, mean weight, spread."""
    keys = rows["text"].str.strip().str.lower()
    grouped = rows.loc[keys != ""].groupby(keys[keys != ""])["weight"]
    table = grouped.agg(["size", "mean", "std"]).rename_axis("token").reset_index()
    table = table.rename(columns={"size": "count", "mean": "mean weight", "std": "spread"})
    return table[table["count"] >= least].sort_values("count", ascending=False, ignore_index=True)


def _sample_questions(question_index: np.ndarray) -> np.ndarray | None:
    if len(question_index) <= MAX_TOKENS:
        return None
    known = np.unique(question_index)
    wanted = max(1, round(len(known) * MAX_TOKENS / len(question_index)))
    return known[np.linspace(0, len(known) - 1, wanted).round().astype(int)]
