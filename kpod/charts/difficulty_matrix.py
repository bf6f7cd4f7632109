"""The difficulty of steps by epoch of distillation as a payload to play: a row a step, those of a question together."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from kpod.charts.step_matrix import even_sample, question_order, rationale_lengths, shares_supervised
from kpod.charts.text import one_line

MAX_STEPS = 400  # rows; of more, questions are drawn evenly in their order
SCALE_QUANTILE = 0.95  # a few very hard steps would make all the others look alike


@dataclass(frozen=True)
class DifficultyMatrix:
    """`difficulty` (rows, epochs) in nats, NaN where an epoch did not record it; a row is a step of `questions[row]`.

    `since` (rows,) is the column from which the step is supervised, the number of columns where that never comes;
    `steps` (rows,) counts from 0; `labels` are the steps' texts; `lengths` (rows,) the steps of the whole rationale.
    `most` is the end of the colour scale, in nats. `steps_supervised` and `whole` (epochs,) are shares as in
    `StepMatrix`. `recorded` questions have a history, `shown` of them are in the matrix.
    """

    difficulty: np.ndarray
    since: np.ndarray
    epochs: list[int]
    questions: list[str]
    steps: np.ndarray
    labels: list[str]
    lengths: np.ndarray
    most: float
    steps_supervised: np.ndarray
    whole: np.ndarray
    recorded: int
    shown: int


def difficulty_matrix(
    history: pd.DataFrame,
    schedule: pd.DataFrame,
    questions: pd.DataFrame,
    steps: pd.DataFrame,
    order: str,
    *,
    within: frozenset[str] | None = None,
    keep: str | None = None,
) -> DifficultyMatrix:
    """The matrix with its questions in one of `step_matrix.ORDERS`; `keep` always stays in it where it has a history.

    `history` has epoch, question_index (the row in `questions`), step and difficulty; `steps` has question, step,
    difficulty and text. With `within` only these questions are shown, if any of them has a history.
    """
    wide = schedule.pivot(index="question", columns="stage", values="input_steps")
    recorded = recorded_questions(history, questions)
    recorded = wide.loc[wide.index.isin(recorded if within is None else within.intersection(recorded) or recorded)]
    shown = _shown(recorded, questions, steps, order, keep)
    epochs = [int(epoch) for epoch in np.unique(history["epoch"].to_numpy())]
    rows = steps[steps["question"].isin(shown)].set_index(["question", "step"]).sort_index().reindex(shown, level=0)
    ids, places = rows.index.get_level_values(0), rows.index.get_level_values(1).to_numpy(dtype=int)
    last = int(wide.columns.max())
    supervised, whole = shares_supervised(wide, rationale_lengths(wide.index, steps))
    return DifficultyMatrix(
        _by_step(history, questions, shown).reindex(index=rows.index, columns=epochs).to_numpy(dtype=float),
        _first_column(given_by_epoch(recorded.loc[ids].to_numpy(), last, epochs) <= places[:, None]),
        epochs,
        [str(question) for question in ids],
        places,
        [one_line(str(text), 90) for text in rows["text"]],
        rationale_lengths(shown, steps).loc[ids].to_numpy(dtype=int),
        scale_end(history["difficulty"].to_numpy(dtype=float)),
        _by_epoch(supervised, last, epochs),
        _by_epoch(whole, last, epochs),
        len(recorded),
        len(shown),
    )


def recorded_questions(history: pd.DataFrame, questions: pd.DataFrame) -> list[str]:
    """The ids of the questions that have a history, in the order of `questions`."""
    return questions["question"].to_numpy()[np.unique(history["question_index"].to_numpy())].tolist()


def difficulty_payload(matrix: DifficultyMatrix, stages: pd.DataFrame, chosen: str | None = None) -> dict[str, Any]:
    """What the component plays, as `step_matrix.player_payload`, with epochs for stages and nats for input steps."""
    stages = stages.sort_values("stage")
    total, last = float(stages["budget"].iloc[-1]) or 1.0, int(stages["stage"].iloc[-1])
    budget, supervised = ((stages[name] / total).to_numpy() for name in ("budget", "supervised"))
    return {
        "kind": "difficulty",
        "stages": matrix.epochs,
        "questions": matrix.questions,
        "labels": matrix.labels,
        "lengths": matrix.lengths.tolist(),
        "places": matrix.steps.tolist(),
        "since": matrix.since.tolist(),
        "cells": [[None if math.isnan(d) else round(d, 4) for d in row] for row in matrix.difficulty.tolist()],
        "most": matrix.most,
        "budget": np.round(_by_epoch(budget, last, matrix.epochs), 5).tolist(),
        "supervised": np.round(_by_epoch(supervised, last, matrix.epochs), 5).tolist(),
        "steps": np.round(matrix.steps_supervised, 5).tolist(),
        "whole": np.round(matrix.whole, 5).tolist(),
        "chosen": matrix.questions.index(chosen) if chosen in matrix.questions else None,
    }


def given_by_epoch(counts: np.ndarray, last_stage: int, epochs: list[int]) -> np.ndarray:
    """Input steps by epoch, (rows, epochs), from those by stage: a stage is an epoch, and after T nothing is input."""
    by_stage = counts[:, np.minimum(epochs, last_stage)]
    return np.where(np.array(epochs) > last_stage, 0, by_stage)


def scale_end(difficulties: np.ndarray) -> float:
    """Where the colour scale ends, in nats: what nearly all difficulties stay under, rounded up to a tenth."""
    finite = difficulties[np.isfinite(difficulties)]
    return max(0.1, math.ceil(10 * float(np.quantile(finite, SCALE_QUANTILE))) / 10) if len(finite) else 0.1


def _shown(
    recorded: pd.DataFrame, questions: pd.DataFrame, steps: pd.DataFrame, order: str, keep: str | None
) -> pd.Index:
    """The questions whose steps make the rows: all in the order, or evenly drawn so that their steps fit."""
    ordered = question_order(recorded, questions, steps, order)
    if not len(ordered):
        return ordered
    per_question = max(1.0, float(rationale_lengths(ordered, steps).mean()))
    rows = even_sample(len(ordered), max(1, int(MAX_STEPS / per_question)))
    if keep is not None and keep in ordered:
        rows = np.union1d(rows, [ordered.get_loc(keep)])
    return ordered[rows]


def _by_step(history: pd.DataFrame, questions: pd.DataFrame, shown: pd.Index) -> pd.DataFrame:
    """Difficulty by question and step (the index) and epoch (columns) of the questions shown."""
    ids = questions["question"].to_numpy()
    rows = history[history["question_index"].isin(np.flatnonzero(questions["question"].isin(shown)))]
    named = rows.assign(question=ids[rows["question_index"].to_numpy()])
    return named.pivot(index=["question", "step"], columns="epoch", values="difficulty")


def _by_epoch(shares: np.ndarray, last_stage: int, epochs: list[int]) -> np.ndarray:
    """Shares by stage as shares by epoch; after T everything is supervised."""
    return np.where(np.array(epochs) > last_stage, 1.0, shares[np.minimum(epochs, last_stage)])


def _first_column(is_supervised: np.ndarray) -> np.ndarray:
    """(rows,) the first column that is true, the number of columns where none is."""
    return np.where(is_supervised.any(axis=1), is_supervised.argmax(axis=1), is_supervised.shape[1])
