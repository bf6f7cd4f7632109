"""Figures of ablations: methods by accuracy, over the values that are varied, and many of them by number of steps."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go

from kpod.charts.colour import ACCENT, ACCENT_SECOND, MISSING
from kpod.charts.figure import category_colour, category_symbol, interval, new_figure
from kpod.charts.text import for_plotly

_GRID = "rgba(128,136,150,.18)"
_STEP = 0.05
_GAP = 0.05  # of the width, between panels: half of a tick's text stands on either side
MOST_TICKS = 16  # side by side, in all panels


def across_figure(summary: pd.DataFrame, by: str, title: str, *, difference: bool = False) -> go.Figure:
    """A line a method over the values of the column `by`, in their order, with 95% intervals.

    The accuracy, or its difference to the reference of the same value in percentage points, where zero is the
    reference. Values that are all numbers stand where they lie; others at equal distances.
    """
    figure = new_figure(320, for_plotly(title, 60), "percentage points" if difference else "accuracy")
    values = [str(value) for value in summary[by].unique()]
    places = _places(values)
    rows = summary[~summary["is_reference"].astype(bool)] if difference else summary
    columns = ("difference", "difference_low", "difference_high") if difference else ("accuracy", "low", "high")
    numbers = {label: number for number, label in enumerate(summary["label"].unique())}  # a colour in both figures
    # Intervals of one value would cover each other.
    spread = 0.02 * (max(places.values()) - min(places.values()) or 1.0)
    for label, each in rows.groupby("label", sort=False):
        shift = spread * (numbers[label] - (len(numbers) - 1) / 2)
        x = [places[str(value)] + shift for value in each[by]]
        _line(figure, each, by, x, str(label), columns, numbers[label])
    figure.update_xaxes(tickvals=list(places.values()), ticktext=[for_plotly(value, 30) for value in values])
    if difference:
        figure.add_hline(y=0, line={"color": MISSING, "width": 1.5, "dash": "dash"})
    else:
        figure.update_yaxes(tickformat=".0%")
    return figure


def methods_figure(summary: pd.DataFrame) -> go.Figure:
    """Mean accuracy of each method of an ablation with its interval over the seeds, the reference first."""
    figure = new_figure(110 + 34 * max(1, len(summary)), "accuracy", "")
    _methods(figure, summary.iloc[::-1], 11, "%{customdata[2]} seeds", ["seeds"])
    figure.update_layout(showlegend=False)
    start, end = _near(summary, 0.2)
    step = _STEP * max(1, math.ceil((end - start) / _STEP / MOST_TICKS))
    figure.update_xaxes(range=[start, end], tick0=0, dtick=step, tickformat=".0%", showgrid=True, gridcolor=_GRID)
    return figure


def steps_panels_figure(table: pd.DataFrame) -> go.Figure:
    """Accuracy by number of steps for any number of methods: a panel a number of steps, a row a method."""
    steps = sorted(int(each) for each in table["num_steps"].unique())
    labels = [for_plotly(str(each), 40) for each in table["label"].unique()]
    figure = new_figure(110 + 24 * len(labels))
    width = 1 / len(steps)
    panels = [table[table["num_steps"] == num_steps] for num_steps in steps]
    # One scale for all panels, each from where its own intervals begin: a point is as wide in one as in another.
    span = max(end - start for start, end in (_near(rows, 0.2) for rows in panels))
    for number, num_steps in enumerate(steps):
        axis = "" if number == 0 else str(number + 1)
        rows = panels[number]
        start, end = _near(rows, span)
        told = "%{customdata[2]} of %{customdata[3]} right"
        _methods(figure, rows, 9, told, ["correct", "questions"], f"x{axis}")
        figure.update_layout(
            {
                f"xaxis{axis}": {
                    "domain": [number * width, (number + 1) * width - (_GAP if number + 1 < len(steps) else 0)],
                    "anchor": "y",
                    "title": {"text": f"{num_steps} step{'s' if num_steps > 1 else ''}"},
                    "tickformat": ".0%",
                    "range": [start, end],
                    "gridcolor": _GRID,
                    "showgrid": True,
                    "zeroline": False,
                    "tick0": 0,
                    "dtick": _STEP * max(1, math.ceil(span / _STEP * len(steps) / MOST_TICKS)),
                }
            }
        )
    figure.update_yaxes(categoryorder="array", categoryarray=labels[::-1], gridcolor=_GRID, showgrid=True)
    figure.update_layout(showlegend=False)
    return figure


def _near(table: pd.DataFrame, span: float) -> tuple[float, float]:
    """A range of shares around all intervals, to whole steps and at least so wide: points need no zero, as bars do."""
    low, high = float(table["low"].min()), float(table["high"].max())
    start = _STEP * math.floor(low / _STEP + 1e-9)
    end = max(_STEP * math.ceil(high / _STEP - 1e-9), start + span)
    if end > 1:
        start, end = max(0.0, 1 - (end - start)), 1.0
    # A little more, so that a mark on either end, and its tick, stand clear of it.
    margin = 0.03 * (end - start)
    return start - margin, end + margin


def _methods(figure: go.Figure, rows: pd.DataFrame, size: int, told: str, columns: list[str], axis: str = "x") -> None:
    """A row a method with its interval, the reference a diamond; `told` is the hover's last line, of `columns`."""
    reference = rows["is_reference"].astype(bool)
    figure.add_scatter(
        x=rows["accuracy"].astype(float),
        y=[for_plotly(str(each), 40) for each in rows["label"]],
        xaxis=axis,
        mode="markers",
        cliponaxis=False,
        marker={
            "color": [ACCENT if each else ACCENT_SECOND for each in reference],
            "symbol": ["diamond" if each else "circle" for each in reference],
            "size": size,
        },
        error_x=interval(rows["accuracy"], rows["low"], rows["high"], color=MISSING),
        customdata=rows[["low", "high", *columns]],
        hovertemplate=f"%{{y}}: %{{x:.1%}} (95% %{{customdata[0]:.1%}} to %{{customdata[1]:.1%}})<br>{told}"
        "<extra></extra>",
    )


def _line(
    figure: go.Figure,
    rows: pd.DataFrame,
    by: str,
    x: list[float],
    label: str,
    columns: tuple[str, str, str],
    number: int,
) -> None:
    """One method's line; `columns` are those of its figure and of the ends of its interval."""
    scale, unit = (100, "+.1f") if columns[0] == "difference" else (1, ".1%")
    middle, low, high = (scale * rows[column].astype(float) for column in columns)
    reference = bool(rows["is_reference"].iloc[0])
    figure.add_scatter(
        x=x,
        y=middle,
        name=for_plotly(label, 40),
        mode="lines+markers",
        cliponaxis=False,
        line={"color": category_colour(number), "width": 1.5, "dash": "dash" if reference else "solid"},
        marker={
            "color": category_colour(number),
            "symbol": "diamond" if reference else category_symbol(number),
            "size": 9,
        },
        error_y=interval(middle, low, high, thickness=1.8, width=4),
        customdata=list(zip([for_plotly(str(value), 40) for value in rows[by]], low, high, strict=True)),
        hovertemplate=f"{for_plotly(label, 40)}, %{{customdata[0]}}: %{{y:{unit}}} "
        f"(95% %{{customdata[1]:{unit}}} to %{{customdata[2]:{unit}}})<extra></extra>",
    )


def _places(values: Sequence[str]) -> dict[str, float]:
    try:
        numbers = [float(value) for value in values]
    except ValueError:
        numbers = [math.nan]
    if not all(map(math.isfinite, numbers)):
        numbers = [float(place) for place in range(len(values))]
    return dict(zip(values, numbers, strict=True))
