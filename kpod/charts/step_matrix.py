"""The step-by-epoch matrix: how many steps of each question are still input, stage by stage."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from kpod.charts.colour import MISSING, plotly_scale
from kpod.charts.curriculum import question_label
from kpod.charts.figure import new_figure

ORDERS = ("order of supervision", "cluster", "length", "difficulty")
MAX_ROWS = 400  # more rows than pixels say nothing; a larger set is sampled evenly in its order


@dataclass(frozen=True)
class StepMatrix:
    """`input_steps` (rows, stages): steps given as input; `questions` names the rows; `total` counts all questions."""

    input_steps: np.ndarray
    stages: list[int]
    questions: list[str]
    labels: list[str]
    total: int


def step_matrix(
    schedule: pd.DataFrame, questions: pd.DataFrame, steps: pd.DataFrame, order: str, keep: str | None = None
) -> StepMatrix:
    """The matrix in one of ORDERS, sampled down to MAX_ROWS; the question `keep` always stays in it."""
    assert order in ORDERS, order
    wide = schedule.pivot(index="question", columns="stage", values="input_steps")
    info = questions.set_index("question").reindex(wide.index)
    by_question = steps.groupby("question")
    length = by_question.size().reindex(wide.index).fillna(0)
    keys = {"length": length, "supervised": wide.sum(axis=1)}
    if "cluster" in info:
        keys["cluster"] = info["cluster"]
    if "difficulty" in steps:
        keys["difficulty"] = by_question["difficulty"].sum().reindex(wide.index)
    first = "supervised" if order == ORDERS[0] or order not in keys else order
    frame = pd.DataFrame(keys, index=wide.index)
    ordered = wide.loc[frame.sort_values([first, "supervised", "length"], kind="stable").index]
    rows = _sample(len(ordered), MAX_ROWS)
    if keep is not None and keep in ordered.index:
        rows = np.union1d(rows, [ordered.index.get_loc(keep)])
    shown = ordered.iloc[rows]
    return StepMatrix(
        shown.to_numpy(),
        [int(stage) for stage in shown.columns],
        [str(question) for question in shown.index],
        [question_label(str(q), str(t)) for q, t in zip(shown.index, info.loc[shown.index, "text"], strict=True)],
        len(ordered),
    )


def matrix_figure(matrix: StepMatrix, dark: bool, chosen: str | None = None) -> go.Figure:
    """Questions by stage, coloured by remaining input steps (0: the whole rationale is supervised)."""
    values = matrix.input_steps
    most = int(values.max(initial=1)) or 1
    figure = new_figure(480, "stage t", "")
    figure.add_heatmap(
        z=values,
        x=[str(stage) for stage in matrix.stages],
        y=np.arange(len(values)),
        zmin=0,
        zmax=most,
        colorscale=plotly_scale(dark),
        xgap=2,
        ygap=1 if len(values) <= 120 else 0,
        customdata=np.repeat(np.array(matrix.labels, dtype=object)[:, None], values.shape[1], axis=1),
        hovertemplate="%{customdata}<br>stage %{x}: %{z} steps still input<extra></extra>",
        colorbar={"title": {"text": "input<br>steps"}, "thickness": 10, "len": 0.9, "dtick": max(1, round(most / 6))},
    )
    if chosen in matrix.questions:
        row = matrix.questions.index(chosen)
        figure.add_hrect(y0=row - 0.5, y1=row + 0.5, line={"color": MISSING, "width": 2}, fillcolor="rgba(0,0,0,0)")
        figure.add_annotation(
            x=0, xref="paper", xanchor="right", y=row, text="chosen ▸", showarrow=False, font={"size": 11}
        )
    figure.update_yaxes(showticklabels=False, autorange="reversed", showgrid=False, ticks="")
    figure.update_xaxes(type="category")
    return figure


def first_full_stage(schedule: pd.DataFrame) -> pd.Series:
    """For each question the first stage at which no step is input any more; NaN where that never comes."""
    whole = schedule.loc[schedule["input_steps"] == 0]
    first = whole.groupby("question")["stage"].min()
    return first.reindex(schedule["question"].unique()).astype("float64").rename("first_full_stage")


def step_stages(schedule: pd.DataFrame, num_steps: int) -> list[int | None]:
    """For each step of one question the first stage at which it is supervised; None where that never comes."""
    by_stage = schedule.sort_values("stage")
    return [
        next((int(t) for t, c in zip(by_stage["stage"], by_stage["input_steps"], strict=True) if c <= step), None)
        for step in range(num_steps)
    ]


def _sample(count: int, limit: int) -> np.ndarray:
    return np.unique(np.linspace(0, count - 1, min(count, limit)).round().astype(int))
