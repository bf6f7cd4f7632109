"""What the map of questions shows now, kept in the address: colour, chosen question, lasso, stage, point size."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import streamlit as st

from kpod.charts.lasso import inside_polygon, read_polygon
from kpod.run_store import Run
from kpod.ui import address, question_selection, state
from kpod.ui.question_map import MapData

SIZES = (0.5, 4.0)


def colour_choice(data: MapData) -> str:
    """The choice of what the map is coloured by, by the name of a colouring."""
    options = list(data.colourings)
    address.settle("colour", options)
    labels = state.distinct_labels({name: f"Colour: {data.colourings[name].title}" for name in options})
    return st.selectbox(
        "Colour by",
        options,
        format_func=labels.__getitem__,
        key="colour",
        filter_mode="contains",
        label_visibility="collapsed",
        width=400,
    )


def chosen_row(data: MapData) -> int:
    """Where the chosen question stands among the map's; -1 where it does not."""
    chosen = state.chosen_question()
    if chosen is None:
        return -1
    rows = np.flatnonzero(data.questions["question"] == chosen)
    return int(rows[0]) if len(rows) else -1


def view_state(run: Run, data: MapData) -> dict[str, Any]:
    """The state of the map for its payload: run, lasso, stage and size."""
    lasso = question_selection.lasso_of(run)
    last = len(data.supervised.stages) - 1 if data.supervised is not None else -1
    stage = address.read_number("stage", -1, 0, last)
    return {
        "run": run.id,
        "lasso": None if lasso is None else lasso.tolist(),
        "stage": None if stage < 0 else int(stage),
        "size": address.read_number("size", 1.0, *SIZES),
    }


def rows_in(run: Run, data: MapData) -> np.ndarray:
    """The rows of the map's questions that the lasso holds; all of them without a lasso."""
    lasso = question_selection.lasso_of(run)
    if lasso is None:
        return np.arange(len(data.questions))
    x, y = (data.questions[axis].to_numpy(dtype=float) for axis in "xy")
    return np.flatnonzero(inside_polygon(x, y, lasso))


def keep(run: Run, data: MapData, key: str) -> dict[str, Callable[[], None]]:
    """Callbacks of the map that put what the reader did into the address; `key` is the map's own."""

    def sent(name: str) -> Any:
        return st.session_state[key][name]

    def lasso() -> None:
        question_selection.keep_lasso(run, read_polygon(sent("lasso")))

    def picked() -> None:
        row = sent("picked")
        if isinstance(row, int) and 0 <= row < len(data.questions):
            state.choose_question(data.questions["question"].iloc[row])

    def stage() -> None:
        value = sent("stage")
        address.write(stage=str(int(value)) if isinstance(value, int | float) and value >= 0 else None)

    def size() -> None:
        value = sent("size")
        is_usual = not isinstance(value, int | float) or value == 1
        address.write(size=None if is_usual else f"{float(value):g}")

    return {"lasso": lasso, "picked": picked, "stage": stage, "size": size}
