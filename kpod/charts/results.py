"""Figures of results: accuracies with their intervals, by set, method and number of steps; and costs by stage."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go

from kpod.charts.colour import ACCENT, ACCENT_SECOND
from kpod.charts.figure import category_colour, category_symbol, interval, new_figure
from kpod.charts.text import for_plotly

_INK = "#000000"  # is read on the first six colours of the categories: contrasts of 4.8 to 7.2
_SEEN = 0.02  # a narrower bar has no room for its figure
_HOVER = "%{y:.1%} (95% %{customdata[0]:.1%} to %{customdata[1]:.1%})<br>%{customdata[2]} of %{customdata[3]} right"


def accuracy_figure(table: pd.DataFrame) -> go.Figure:
    """Accuracy of each student on each evaluation set, with its interval."""
    figure = new_figure(300, "", "accuracy")
    for name, group in table.groupby("student", sort=False):
        _points(figure, [for_plotly(str(each), 40) for each in group["evaluation_set"]], group, str(name))
    _as_shares(figure, table)
    figure.update_layout(scattermode="group", scattergap=0.6)
    figure.update_xaxes(type="category")
    return figure


def steps_figure(table: pd.DataFrame, by: str = "student") -> go.Figure:
    """Accuracy by number of steps that the questions take, a line for each value of the column `by`.

    Colours go by the order of the values, as in an ablation's other figures; of students the first, before
    distillation, has the second.
    """
    figure = new_figure(300, "steps that the question takes", "accuracy")
    for number, (name, group) in enumerate(table.groupby(by, sort=False)):
        ordered = group.sort_values("num_steps")
        _points(
            figure,
            ordered["num_steps"].astype(int).tolist(),
            ordered,
            str(name),
            number,
            mode="lines+markers",
            swapped=by == "student",
        )
    _as_shares(figure, table)
    figure.update_layout(scattermode="group", scattergap=0.8)
    figure.update_xaxes(dtick=1)
    return figure


def cost_figure(costs: pd.DataFrame, names: Sequence[str]) -> go.Figure:
    """Seconds by stage of one run, or of two; `names` says which."""
    stages = costs[costs["stage"] != "all stages"]
    figure = new_figure(90 + 34 * max(1, len(stages)), "seconds", "")
    columns = [column for column in ("seconds", "seconds_other") if column in stages]
    for column, name, colour, pattern in zip(columns, names, (ACCENT, ACCENT_SECOND), ("", "/"), strict=False):
        figure.add_bar(
            y=[for_plotly(stage, 30) for stage in stages["stage"]],
            x=stages[column].astype(float),
            orientation="h",
            name=for_plotly(name, 40),
            marker={"color": colour, "pattern": {"shape": pattern, "fillmode": "overlay", "fgopacity": 0.5, "size": 7}},
            hovertemplate="%{y}: %{x:,.1f} s<extra></extra>",
        )
    figure.update_layout(barmode="group")
    figure.update_yaxes(autorange="reversed", showgrid=False)
    return figure


def departures_figure(table: pd.DataFrame, by: str) -> go.Figure:
    """Shares of all questions by where wrong answers part from the solution, a bar for each value of the column `by`.

    `table`: `by`, departure, share; `kpod.wrong_answers.departure_table` or an ablation's departures.
    """
    names = list(table[by].unique())
    figure = new_figure(110 + 34 * len(names), "of all questions", "")
    for number, (kind, each) in enumerate(table.groupby("departure", sort=False)):
        figure.add_bar(
            y=[for_plotly(str(name), 40) for name in each[by]],
            x=each["share"].astype(float),
            orientation="h",
            name=for_plotly(str(kind), 60),
            text=[f"{share:.1%}" if share >= _SEEN else "" for share in each["share"]],
            textposition="inside",
            insidetextanchor="middle",
            textangle=0,
            constraintext="none",
            textfont={"color": _INK},
            marker={"color": category_colour(number), "line": {"color": "rgba(0,0,0,0)", "width": 1}},
            customdata=each[["low", "high"]].astype(float).to_numpy(),
            hovertemplate="%{y}: %{x:.1%} (95% %{customdata[0]:.1%} to %{customdata[1]:.1%})",
        )
    figure.update_layout(barmode="stack")
    figure.update_xaxes(tickformat=".0%", rangemode="tozero")
    figure.update_yaxes(autorange="reversed", showgrid=False)
    return figure


def sensitivity_figure(table: pd.DataFrame) -> go.Figure:
    """Accuracy by the value of one setting, a point a run; the chosen run (without a key) is the diamond."""
    figure = new_figure(300, "", "accuracy")
    chosen = table["key"].isna()
    for name, rows, number in (("other runs", table[~chosen], 0), ("this run", table[chosen], 1)):
        _points(figure, [for_plotly(str(value), 40) for value in rows["value"]], rows, name, number)
    figure.data[1].marker.symbol = "diamond"
    _as_shares(figure, table)
    order = [for_plotly(str(value), 40) for value in table["value"]]
    figure.update_layout(scattermode="group", scattergap=0.7)
    figure.update_xaxes(type="category", categoryorder="array", categoryarray=list(dict.fromkeys(order)))
    return figure


def _points(
    figure: go.Figure,
    x: Sequence[object],
    rows: pd.DataFrame,
    name: str,
    number: int | None = None,
    mode: str = "",
    swapped: bool = True,
) -> None:
    number = len(figure.data) if number is None else number
    colour = category_colour(1 - number if swapped and number < 2 else number)
    accuracy = rows["accuracy"].astype(float)
    figure.add_scatter(
        x=list(x),
        y=accuracy,
        name=for_plotly(name, 40),
        mode=mode or "markers",
        line={"color": colour, "width": 1.5},
        marker={"color": colour, "symbol": category_symbol(number), "size": 10},
        error_y=interval(accuracy, rows["low"], rows["high"], thickness=2, width=7),
        cliponaxis=False,  # none and all right lie on the figure's edges
        customdata=rows[["low", "high", "correct", "questions"]],
        hovertemplate=f"{for_plotly(name, 40)}: {_HOVER}<extra></extra>",
    )


def _as_shares(figure: go.Figure, table: pd.DataFrame) -> None:
    figure.update_yaxes(tickformat=".0%", range=share_range(table))


def share_range(table: pd.DataFrame) -> list[float]:
    """From none right to a little more than the highest interval's end."""
    top = float(table["high"].max()) if len(table) else 0.0
    return [0, min(1.0, top * 1.12 + 0.02)]
