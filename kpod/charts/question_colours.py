"""What the map of questions can be coloured by: what became of them in the run, and any column of their table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from kpod.charts.colour import CATEGORIES, MISSING, RIGHT, WRONG
from kpod.charts.question_stages import SupervisedSteps, first_whole, positions
from kpod.charts.text import one_line

SHAPES = ("circle", "square", "diamond", "triangle", "cross")
MAX_CATEGORIES = len(CATEGORIES)
# Columns of `questions` that are no property to colour by, or that have a colouring of their own.
_NOT_COLOURED = frozenset({"question", "text", "answer", "rationale", "x", "y", "cluster", "num_steps"})
_TITLES = {"split": "Split", "trained": "Learned from", "teacher": "Teacher", "teacher_correct": "Teacher is right"}


@dataclass(frozen=True)
class Colouring:
    """One value a question (NaN: none), categories named by `names` or a range from `low` to `high`."""

    title: str
    values: np.ndarray
    names: tuple[str, ...] = ()
    colours: tuple[str, ...] = ()
    low: float = 0.0
    high: float = 1.0
    shapes: tuple[str, ...] = ()  # of each category, one of SHAPES

    def shown(self, rows: np.ndarray) -> pd.Series:
        """The values of some rows as a reader sees them: names, or numbers."""
        values = self.values[rows]
        if not self.names:
            return pd.Series(values)
        return pd.Series([None if np.isnan(value) else self.names[int(value)] for value in values], dtype="object")


def colourings(
    questions: pd.DataFrame,
    steps: pd.DataFrame | None,
    supervised: SupervisedSteps | None,
    predictions: pd.DataFrame | None,
    cluster_names: Sequence[str] = (),
    step_rows: np.ndarray | None = None,
) -> dict[str, Colouring]:
    """Every colouring that the tables allow, by the name that the address carries.

    `cluster_names` names the clusters from 0 on; without them they are numbers. `step_rows` (steps,) are the rows of
    the steps' questions, -1 where there is none; without them they are looked up by name.
    """
    found: dict[str, Colouring] = {}
    if "cluster" in questions:
        found["cluster"] = _clusters(questions["cluster"].to_numpy(dtype=float), cluster_names)
    if steps is not None:
        rows = positions(steps["question"], questions["question"]) if step_rows is None else step_rows
        found |= _of_steps(steps, rows, len(questions))
    if supervised is not None:
        found["stage"] = _range("Stage of first full supervision", first_whole(supervised))
    if predictions is not None:
        found |= _of_predictions(predictions, questions["question"])
    for column in questions.columns:
        colouring = None if column in _NOT_COLOURED else _of_column(column, questions[column])
        if colouring is not None:
            found[column if column not in found else f"column {column}"] = colouring
    if not found:
        found["none"] = Colouring("Nothing", np.zeros(len(questions)), ("questions",), CATEGORIES[:1])
    return found


def _clusters(values: np.ndarray, names: Sequence[str]) -> Colouring:
    count = int(np.nanmax(values, initial=-1)) + 1
    named = [names[k] if k < len(names) else f"cluster {k}" for k in range(count)]
    return Colouring(
        "Cluster",
        np.where(values >= 0, values, np.nan),
        tuple(named),
        tuple(CATEGORIES[k % MAX_CATEGORIES] for k in range(count)),
        # the map writes the names on the clusters, so that shapes are needed only where colours come again
        shapes=tuple(SHAPES[k // MAX_CATEGORIES % len(SHAPES)] for k in range(count)),
    )


def _of_steps(steps: pd.DataFrame, rows: np.ndarray, count: int) -> dict[str, Colouring]:
    known = rows >= 0
    lengths = np.bincount(rows[known], minlength=count)[:count]
    found = {"steps": _range("Number of steps", np.where(lengths > 0, lengths.astype(float), np.nan))}
    if "difficulty" in steps:
        difficulty = steps["difficulty"].to_numpy(dtype=float)[known]
        sums = np.bincount(rows[known], weights=difficulty, minlength=count)[:count]
        found["difficulty"] = _range("Difficulty of the whole rationale", np.where(lengths > 0, sums, np.nan))
        means = sums / np.maximum(lengths, 1)
        found["mean difficulty"] = _range("Difficulty of a step, on average", np.where(lengths > 0, means, np.nan))
    return found


def _of_predictions(predictions: pd.DataFrame, ids: pd.Series) -> dict[str, Colouring]:
    """Right and wrong of the base student and of the last one measured, and what changed between them."""
    last = int(predictions["epoch"].max()) if len(predictions) else 0
    by_model = {}
    for name, epoch in (("base", 0), ("correct", last)):
        rows = predictions[predictions["epoch"] == epoch]
        at = positions(rows["question"], ids)
        values = np.full(len(ids), np.nan)
        values[at[at >= 0]] = rows["correct"].to_numpy(dtype=float)[at >= 0]
        if (name == "base" or last > 0) and np.isfinite(values).any():
            by_model[name] = values
    found = {}
    for name, title in (("correct", "Answer of the distilled student"), ("base", "Answer of the base student")):
        if name in by_model:
            found[name] = Colouring(
                title, by_model[name], ("wrong", "right"), (WRONG, RIGHT), shapes=("cross", "circle")
            )
    if len(by_model) == 2:
        change = 2 * by_model["base"] + by_model["correct"]
        names = ("wrong before and after", "became right", "became wrong", "right before and after")
        colours = (MISSING, CATEGORIES[2], WRONG, RIGHT)
        found["change"] = Colouring(
            "Answer before and after distillation", change, names, colours,
            shapes=("cross", "triangle", "diamond", "circle"),
        )  # fmt: skip
    return found


def _of_column(name: str, column: pd.Series) -> Colouring | None:
    """A column as a range of numbers or as categories; None where it is free text, lists or nothing at all."""
    title = _TITLES.get(name, one_line(name.replace("_", " "), 40))
    kind = column.dtype
    if not column.notna().any():
        return None
    if pd.api.types.is_numeric_dtype(kind) and not pd.api.types.is_bool_dtype(kind):
        values = column.to_numpy(dtype=float, na_value=np.nan)
        return _range(title, np.where(np.isfinite(values), values, np.nan))
    try:
        codes, distinct = pd.factorize(column, sort=False)
    except TypeError:  # lists and other values that are not one thing
        return None
    counts = np.bincount(codes[codes >= 0], minlength=len(distinct))
    if len(distinct) > max(MAX_CATEGORIES, len(column) // 4):
        return None
    order = np.argsort(-counts, kind="stable")
    if pd.api.types.is_bool_dtype(kind):
        order = np.argsort([bool(value) for value in distinct], kind="stable")
    kept = order if len(order) <= MAX_CATEGORIES else order[: MAX_CATEGORIES - 1]
    rank = np.full(len(distinct) + 1, float(len(kept)))  # the last is where factorize's -1 for no value looks
    rank[kept], rank[-1] = np.arange(len(kept)), np.nan
    words = {True: "yes", False: "no"} if pd.api.types.is_bool_dtype(kind) else {}
    names = [words.get(distinct[k], one_line(str(distinct[k]), 40)) for k in kept]
    if len(kept) < len(distinct):
        names.append(f"{len(distinct) - len(kept):,} others")
    return Colouring(
        title, rank[codes], tuple(names), CATEGORIES[: len(names)],
        shapes=tuple(SHAPES[k % len(SHAPES)] for k in range(len(names))),
    )  # fmt: skip


def _range(title: str, values: np.ndarray) -> Colouring:
    known = values[~np.isnan(values)]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    return Colouring(title, values, low=low, high=high if high > low else low + 1.0)
