"""The figure of a schedule that has not run yet: its budget, and the steps that each stage supervises."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from kpod.charts.colour import ACCENT, ACCENT_SECOND
from kpod.charts.figure import new_figure


def preview_figure(
    budgets: np.ndarray, supervised: np.ndarray | None, steps: np.ndarray | None, num_steps: int | None
) -> go.Figure:
    """D(t) and H(t) as shares of B, (T + 1,) each, and as bars the share of steps that is supervised, if known."""
    stages = np.arange(len(budgets))
    figure = new_figure(250, "stage t (an epoch each)", "share supervised")
    if steps is not None and num_steps:
        figure.add_bar(
            x=stages,
            y=steps / num_steps,
            name="steps",
            marker={"color": ACCENT, "opacity": 0.45, "line": {"width": 0}},
            customdata=np.round(steps),
            hovertemplate="stage %{x}<br>%{customdata:.0f} steps supervised (%{y:.0%})<extra></extra>",
        )
    if supervised is not None:
        figure.add_scatter(
            x=stages,
            y=supervised,
            name="H(t) difficulty",
            mode="lines+markers",
            line={"color": ACCENT, "width": 2.5},
            marker={"size": 7},
            hovertemplate="stage %{x}<br>H = %{y:.1%} of B<extra></extra>",
        )
    figure.add_scatter(
        x=stages,
        y=budgets,
        name="D(t) budget",
        mode="lines+markers",
        line={"color": ACCENT_SECOND, "width": 2.5, "dash": "dash"},
        marker={"size": 8, "symbol": "diamond-open"},
        hovertemplate="stage %{x}<br>D = %{y:.1%} of B<extra></extra>",
    )
    figure.update_yaxes(tickformat=".0%", range=[0, 1.04])
    figure.update_xaxes(dtick=max(1, round(len(budgets) / 12)))
    return figure
