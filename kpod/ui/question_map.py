"""The map of questions as a component: bytes in; a lasso, a clicked row, a stage or a size out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from kpod.artefacts import parquet_columns
from kpod.charts.question_colours import Colouring, colourings
from kpod.charts.question_map import map_body
from kpod.charts.question_stages import SupervisedSteps, supervised_steps
from kpod.charts.text import one_line
from kpod.cluster_names import cluster_names
from kpod.errors import InputError
from kpod.run_store import Run
from kpod.ui import reads
from kpod.ui.components import make_component

_PARTS = ("geometry", "paint", "names", "picture", "stages", "toolbar", "legend")
_SCRIPTS = ("component_common", *(f"question_map_{part}" for part in _PARTS), "question_map")
_MOUNT = make_component("question_map", "qm", *_SCRIPTS)


@dataclass(frozen=True)
class MapData:
    """The questions that have a place on the map, a row each, and what is known of them; never change the frame.

    stamps: of the tables that it was read from, taken before, so that what is made of it is never taken for newer.
    """

    questions: pd.DataFrame
    colourings: dict[str, Colouring]
    supervised: SupervisedSteps | None
    cluster_names: tuple[str, ...]
    stamps: tuple[object, ...]


def question_map(payload: bytes, *, key: str, **callbacks: Callable[[], None]) -> None:
    """Mount the map; `payload` is `map_payload` with run, chosen, neighbours, lasso, stage and size.

    Callbacks `lasso`, `picked`, `stage` and `size` find in `st.session_state[key]` under their name the corners (none:
    selection cleared), the row that was clicked, the stage (-1: no stage is shown) and the factor of the points' size.
    """
    _MOUNT(data=payload, key=key, **{f"on_{name}_change": callback for name, callback in callbacks.items()})


def map_data(run: Run) -> MapData:
    """What the map shows, read again only where the run's tables or the clusters' names have changed."""
    tables = ("questions", "steps", "schedule", "predictions")
    names = tuple(one_line(name, 60) for name in cluster_names(run))
    return _map_data(str(run.folder), tuple(reads.stamp(run, name) for name in tables), names, run)


def body(run: Run, data: MapData, colour: str) -> bytes:
    """The larger part of the payload, in one of the data's colourings; built once."""
    return _body(str(run.folder), data.stamps, data.cluster_names, colour, data)


@st.cache_resource(max_entries=4, show_spinner=False)
def _map_data(folder: str, stamps: tuple[object, ...], names: tuple[str, ...], _run: Run) -> MapData:
    # The rationales are the larger part of the table, and no part of the map.
    wanted = tuple(name for name in parquet_columns(_run.path("questions")) if name != "rationale")
    questions = reads.table(_run, "questions", wanted)
    is_placed = (questions["x"].notna() & questions["y"].notna()).to_numpy()
    placed = questions.loc[is_placed].reset_index(drop=True)
    steps, rows = _steps(_run, is_placed)
    schedule = reads.table_or_none(_run, "schedule", ("stage", "question", "input_steps"))
    predictions = reads.table_or_none(_run, "predictions", ("question", "epoch", "correct"))
    supervised = None
    if schedule is not None and steps is not None and len(schedule):
        lengths = np.bincount(rows[rows >= 0], minlength=len(placed)).astype(float)
        supervised = supervised_steps(placed["question"], np.where(lengths > 0, lengths, np.nan), schedule)
    return MapData(placed, colourings(placed, steps, supervised, predictions, names, rows), supervised, names, stamps)


def _steps(run: Run, is_placed: np.ndarray) -> tuple[pd.DataFrame | None, np.ndarray | None]:
    """The difficulty of every step and the row of its question on the map, -1 where that has no place.

    By the number of the question that every step has: hundreds of thousands of names take longer.
    """
    if not run.has("steps"):
        return None, None
    steps = reads.table(run, "steps", ("question_index", "difficulty"))
    index = steps["question_index"].to_numpy()
    if len(index) and not 0 <= index.min() <= index.max() < len(is_placed):
        raise InputError(f"{run.path('steps')} has steps of questions that {run.path('questions').name} lacks.")
    return steps, np.where(is_placed, np.cumsum(is_placed) - 1, -1)[index]


@st.cache_resource(max_entries=8, show_spinner=False)
def _body(folder: str, stamps: object, names: tuple[str, ...], colour: str, _data: MapData) -> bytes:
    return map_body(_data.questions, _data.colourings[colour], _data.supervised, names)
