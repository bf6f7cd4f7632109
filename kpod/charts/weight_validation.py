"""Figures of a validation of token weights: every comparison's AUC beside its baselines', and its way in training."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from kpod.charts.figure import category_colour, category_symbol, new_figure
from kpod.weight_validation import SCORE_NAMES, TARGET_NAMES, Report

ROW_HEIGHT = 28  # pixels a comparison
OVER_EPOCHS = ("results", "results_in_digits", "results_copied", "last_step_in_digits", "key_roles", "cues_in_words")
"""Comparisons whose course is drawn: those that say something of grading."""

_GRID = {"showgrid": True, "gridcolor": "rgba(128,136,150,.18)"}


def auc_figure(report: Report) -> go.Figure:
    """A row a comparison and a mark a score, the learned weight larger and with its interval; .5 is chance."""
    targets = targets_of(report)
    labels = [TARGET_NAMES[name] for name in targets]
    figure = new_figure(_height(report), "AUC (0.5: chance)")
    names = [name for name in SCORE_NAMES if any(row["score"] == name for row in report.aucs)]
    for index, name in enumerate(names):
        rows = [report.auc_of(target, name) for target in targets]
        own = name == "weight"
        spread = {}
        if own:
            spread["error_x"] = {
                "type": "data",
                "symmetric": False,
                "array": [0 if row["high"] is None else row["high"] - row["auc"] for row in rows],
                "arrayminus": [0 if row["low"] is None else row["auc"] - row["low"] for row in rows],
                "thickness": 2,
            }
        figure.add_scatter(
            x=[row["auc"] for row in rows],
            y=labels,
            mode="markers",
            name=SCORE_NAMES[name],
            marker={
                "color": category_colour(index),
                "symbol": category_symbol(index),
                "size": 13 if own else 9,
                "opacity": 1.0 if own else 0.8,
            },
            customdata=[(row["low"], row["high"]) for row in rows],
            hovertemplate=f"{SCORE_NAMES[name]}<br>%{{y}}: %{{x:.3f}} "
            "(%{customdata[0]:.3f} to %{customdata[1]:.3f})<extra></extra>",
            **spread,
        )
    figure.add_vline(x=0.5, line={"dash": "dot", "color": "rgba(128,136,150,.7)"})
    figure.update_xaxes(range=[-0.02, 1.02], **_GRID)
    figure.update_yaxes(autorange="reversed")
    return figure


def epochs_figure(report: Report) -> go.Figure:
    """The weight's AUC of the comparisons in OVER_EPOCHS that there are, by epoch of mask learning."""
    figure = new_figure(_height(report), "epoch of mask learning", "AUC of the weight")
    present = [name for name in OVER_EPOCHS if any(row["target"] == name for row in report.epochs)]
    for index, name in enumerate(present):
        rows = [row for row in report.epochs if row["target"] == name]
        figure.add_scatter(
            x=[row["epoch"] for row in rows],
            y=[row["auc"] for row in rows],
            mode="lines+markers",
            name=TARGET_NAMES[name],
            line={"color": category_colour(index), "width": 2},
            marker={"symbol": category_symbol(index), "size": 7},
            hovertemplate=f"{TARGET_NAMES[name]}<br>epoch %{{x}}: %{{y:.3f}}<extra></extra>",
        )
    figure.add_hline(y=0.5, line={"dash": "dot", "color": "rgba(128,136,150,.7)"})
    figure.update_xaxes(dtick=1 if len({row["epoch"] for row in report.epochs}) <= 20 else None)
    lowest = min([0.4, *(row["auc"] for row in report.epochs if row["target"] in present and row["auc"] is not None)])
    figure.update_yaxes(range=[max(0.0, lowest - 0.05), 1.02])
    return figure


def _height(report: Report) -> int:
    """Both figures are as high as the rows of one need: they stand beside each other."""
    return 120 + ROW_HEIGHT * max(6, len(targets_of(report)))


def targets_of(report: Report) -> Sequence[str]:
    """The comparisons of a report, in its order."""
    return list(dict.fromkeys(row["target"] for row in report.aucs))
