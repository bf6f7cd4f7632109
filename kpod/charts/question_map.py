"""The map of questions: a binary payload for the canvas, and what its lasso caught."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from kpod.charts.colour import CATEGORIES, MISSING, RIGHT, WRONG, sequential
from kpod.charts.step_matrix import first_full_stage
from kpod.charts.text import one_line

MAX_HOVER_TEXTS = 20_000  # 90 characters each; beyond, hovering names the row alone


@dataclass(frozen=True)
class Colouring:
    """One value a question (NaN: none), categories named by `names` or a range from `low` to `high`."""

    title: str
    values: np.ndarray
    names: tuple[str, ...] = ()
    colours: tuple[str, ...] = ()
    low: float = 0.0
    high: float = 1.0
    shapes: tuple[str, ...] = ()  # of each category: circle (default), cross


def colourings(
    questions: pd.DataFrame,
    steps: pd.DataFrame | None,
    schedule: pd.DataFrame | None,
    predictions: pd.DataFrame | None,
) -> dict[str, Colouring]:
    """What the map can be coloured by with the tables that the run has."""
    ids = pd.Index(questions["question"])
    found: dict[str, Colouring] = {}
    if "cluster" in questions:
        clusters = questions["cluster"].to_numpy(dtype=float)
        count = int(np.nanmax(clusters)) + 1 if len(clusters) else 0
        found["cluster"] = Colouring(
            "Cluster",
            clusters,
            tuple(f"cluster {k}" for k in range(count)),
            tuple(CATEGORIES[k % len(CATEGORIES)] for k in range(count)),
        )
    if steps is not None and "difficulty" in steps:
        found["difficulty"] = _range(
            "Difficulty of the whole rationale", steps.groupby("question")["difficulty"].sum(), ids
        )
    if schedule is not None:
        found["stage"] = _range("Stage of first full supervision", first_full_stage(schedule), ids)
    if predictions is not None and predictions["question"].isin(ids).any():
        last = predictions.sort_values("epoch").drop_duplicates("question", keep="last")
        correct = last.set_index("question")["correct"].reindex(ids).astype("float64").to_numpy()
        found["correct"] = Colouring(
            "Answer of the distilled student",
            correct,
            names=("wrong", "right"),
            colours=(WRONG, RIGHT),
            shapes=("cross", "circle"),
        )
    return found


def map_payload(questions: pd.DataFrame, colouring: Colouring, **header: Any) -> bytes:
    """A 4-byte header length, a JSON header padded to 4 bytes, then x, y and value as float32 arrays.

    `header` entries join the JSON (`key`, `selected`, `chosen`); questions without coordinates must be left out before.
    """
    texts = []
    if len(questions) <= MAX_HOVER_TEXTS:
        texts = [one_line(str(text), 90) for text in questions["text"]]
    meta = {
        "count": len(questions),
        "ids": [one_line(str(question), 40) for question in questions["question"]] if texts else [],
        "texts": texts,
        "title": colouring.title,
        "names": list(colouring.names),
        "colours": list(colouring.colours),
        "shapes": list(colouring.shapes),
        # without the palest fifth: a point must show on the bare page
        "scale": {mode: sequential(mode == "dark", 41)[8:] for mode in ("light", "dark")},
        "low": colouring.low,
        "high": colouring.high,
        "missing": MISSING,
        "clusters": _centres(questions),
        **header,
    }
    text = json.dumps(meta, ensure_ascii=True).encode()
    text += b" " * (-len(text) % 4)
    columns = (questions["x"].to_numpy(), questions["y"].to_numpy(), colouring.values)
    arrays = b"".join(np.asarray(column, dtype="<f4").tobytes() for column in columns)
    return len(text).to_bytes(4, "little") + text + arrays


def inside_polygon(x: np.ndarray, y: np.ndarray, polygon: np.ndarray) -> np.ndarray:
    """Which points lie in a polygon of shape (corners, 2), by the even-odd rule. O(points * corners)."""
    inside = np.zeros(len(x), dtype=bool)
    for (x0, y0), (x1, y1) in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        if y0 == y1:
            continue
        crosses = (y0 > y) != (y1 > y)
        inside ^= crosses & (x < (x1 - x0) * (y - y0) / (y1 - y0) + x0)
    return inside


def read_polygon(value: Any) -> np.ndarray | None:
    """The lasso that the browser sent, as (corners, 2); None where it is no polygon of finite numbers."""
    try:
        polygon = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        return None
    shape_holds = polygon.ndim == 2 and polygon.shape[1] == 2 and 3 <= len(polygon) <= 10_000
    return polygon if shape_holds and np.isfinite(polygon).all() else None


def _range(title: str, by_question: pd.Series, ids: pd.Index) -> Colouring:
    values = by_question.reindex(ids).to_numpy(dtype=float)
    known = values[~np.isnan(values)]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    return Colouring(title, values, low=low, high=high if high > low else low + 1.0)


def _centres(questions: pd.DataFrame) -> list[dict[str, float]]:
    if "cluster" not in questions:
        return []
    centres = questions.groupby("cluster")[["x", "y"]].median()
    return [{"cluster": int(k), "x": float(row.x), "y": float(row.y)} for k, row in centres.iterrows()]
