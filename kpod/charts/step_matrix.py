"""The step-by-epoch matrix: how many steps of each question are still input, stage by stage, as a payload to play."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from kpod.charts.colour import ACCENT, ACCENT_SECOND, sequential
from kpod.charts.text import one_line

ORDERS = ("order of supervision", "cluster", "length", "difficulty")
MAX_ROWS = 400  # more rows than pixels say nothing; a larger set is sampled evenly in its order


@dataclass(frozen=True)
class StepMatrix:
    """`input_steps` (rows, stages): steps given as input; `questions` names the rows; `total` counts all questions.

    `num_steps` (rows,) are the rows' lengths; `steps_supervised` and `whole` (stages,) the shares of all steps that are
    supervised, and of all questions whose whole rationale is.
    """

    input_steps: np.ndarray
    stages: list[int]
    questions: list[str]
    labels: list[str]
    num_steps: np.ndarray
    steps_supervised: np.ndarray
    whole: np.ndarray
    total: int


def step_matrix(
    schedule: pd.DataFrame, questions: pd.DataFrame, steps: pd.DataFrame, order: str, keep: str | None = None
) -> StepMatrix:
    """The matrix in one of ORDERS, sampled down to MAX_ROWS; the question `keep` always stays in it."""
    wide = schedule.pivot(index="question", columns="stage", values="input_steps")
    return ordered_matrix(wide, questions, steps, order, keep)


def ordered_matrix(
    wide: pd.DataFrame, questions: pd.DataFrame, steps: pd.DataFrame, order: str, keep: str | None = None
) -> StepMatrix:
    """`step_matrix` of counts that are wide already: a row a question (the index), a column a stage."""
    ordered = wide.loc[question_order(wide, questions, steps, order)]
    rows = even_sample(len(ordered), MAX_ROWS)
    if keep is not None and keep in ordered.index:
        rows = np.union1d(rows, [ordered.index.get_loc(keep)])
    shown = ordered.iloc[rows]
    length = rationale_lengths(wide.index, steps)
    supervised, whole = shares_supervised(wide, length)
    return StepMatrix(
        shown.to_numpy(),
        [int(stage) for stage in shown.columns],
        [str(question) for question in shown.index],
        [one_line(str(text), 90) for text in questions.set_index("question").loc[shown.index, "text"]],
        length.loc[shown.index].to_numpy(dtype=int),
        supervised,
        whole,
        len(ordered),
    )


def question_order(wide: pd.DataFrame, questions: pd.DataFrame, steps: pd.DataFrame, order: str) -> pd.Index:
    """The questions of `wide` in one of ORDERS; in that of supervision where the run lacks what another needs."""
    assert order in ORDERS, order
    info = questions.set_index("question").reindex(wide.index)
    keys = {"length": rationale_lengths(wide.index, steps), "supervised": wide.sum(axis=1)}
    if "cluster" in info:
        keys["cluster"] = info["cluster"]
    if "difficulty" in steps:
        keys["difficulty"] = steps.groupby("question")["difficulty"].sum().reindex(wide.index)
    first = "supervised" if order == ORDERS[0] or order not in keys else order
    frame = pd.DataFrame(keys, index=wide.index)
    return frame.sort_values([first, "supervised", "length"], kind="stable").index


def rationale_lengths(ids: pd.Index, steps: pd.DataFrame) -> pd.Series:
    """The number of steps of each question of `ids`; 0 where it has none."""
    return steps.groupby("question").size().reindex(ids).fillna(0)


def shares_supervised(wide: pd.DataFrame, lengths: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """By stage, (stages,) each: the share of all steps that are supervised, and of questions that are so wholly."""
    counts = wide.to_numpy()
    whole = (counts == 0).sum(axis=0) / max(1, len(counts))
    return 1 - counts.sum(axis=0) / max(1.0, float(lengths.sum())), whole


def player_payload(matrix: StepMatrix, stages: pd.DataFrame, chosen: str | None = None) -> dict[str, Any]:
    """What the component plays, plain values: the matrix, and by stage the budget and what is supervised.

    `stages` has stage, budget and supervised in nats; shares of the last budget B are shown.
    """
    stages = stages.sort_values("stage")
    total = float(stages["budget"].iloc[-1]) or 1.0
    return {
        "kind": "steps",
        "stages": matrix.stages,
        "questions": matrix.questions,
        "labels": matrix.labels,
        "lengths": matrix.num_steps.tolist(),
        "cells": matrix.input_steps.tolist(),
        "most": max(1, int(matrix.input_steps.max(initial=1))),
        "total": matrix.total,
        "budget": np.round(stages["budget"] / total, 5).tolist(),
        "supervised": np.round(stages["supervised"] / total, 5).tolist(),
        "steps": np.round(matrix.steps_supervised, 5).tolist(),
        "whole": np.round(matrix.whole, 5).tolist(),
        "chosen": matrix.questions.index(chosen) if chosen in matrix.questions else None,
    }


def player_colours() -> dict[str, Any]:
    """The colours of few to many input steps for light and dark pages, and those of H and D."""
    return {"light": sequential(False), "dark": sequential(True), "supervised": ACCENT, "budget": ACCENT_SECOND}


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


def even_sample(count: int, limit: int) -> np.ndarray:
    """At most `limit` of the places 0..count-1, evenly drawn, the first and the last among them."""
    return np.unique(np.linspace(0, count - 1, min(count, limit)).round().astype(int))
