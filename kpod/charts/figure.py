"""What all figures share: quiet axes, no background, room for no more than the data needs."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go

from kpod.charts.colour import ACCENT, CATEGORIES, SYMBOLS

MODEBAR = "#7a8392"  # icons that are seen on the light and on the dark page

# "select" and "lasso" belong to the map; the camera saves PNG in the browser.
CONFIG = {
    "displaylogo": False,
    "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d", "zoomIn2d", "zoomOut2d"],
    "toImageButtonOptions": {"format": "png", "scale": 2},
}


def new_figure(height: int, x_title: str = "", y_title: str = "") -> go.Figure:
    """An empty figure in the house style; `height` in pixels."""
    figure = go.Figure()
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 28, "b": 8},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "title": None, "traceorder": "normal"},
        hoverlabel={"align": "left"},
        # Plotly would make the bar of the page's colour, which it takes for black where there is no background.
        modebar={"bgcolor": "rgba(0,0,0,0)", "color": MODEBAR, "activecolor": ACCENT},
        bargap=0.3,
    )
    figure.update_xaxes(title=x_title, showgrid=False, zeroline=False, automargin=True)
    figure.update_yaxes(title=y_title, zeroline=False, automargin=True, gridcolor="rgba(128,136,150,.18)")
    return figure


def interval(middle: Any, low: Any, high: Any, **look: Any) -> dict[str, Any]:
    """Error bars from `low` to `high` (arrays) around `middle`, for a trace's error_x or error_y."""
    middle, low, high = (np.asarray(each, dtype=float) for each in (middle, low, high))
    return {"type": "data", "symmetric": False, "array": high - middle, "arrayminus": middle - low} | look


def category_colour(index: int) -> str:
    return CATEGORIES[index % len(CATEGORIES)]


def category_symbol(index: int) -> str:
    return SYMBOLS[index % len(SYMBOLS)]
