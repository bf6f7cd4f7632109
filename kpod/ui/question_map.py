"""The map of questions as a component: bytes in, a lasso's polygon or a clicked row out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from kpod.charts.question_map import Colouring, colourings
from kpod.run_store import Run
from kpod.ui import reads

_HERE = Path(__file__).parent
_MOUNT = st.components.v2.component(
    "kpod_question_map",
    html='<div class="qm">\n</div>',
    css=(_HERE / "question_map.css").read_text(encoding="utf-8"),
    js=(_HERE / "question_map.js").read_text(encoding="utf-8"),
)


def question_map(payload: bytes, *, key: str, on_lasso: Any, on_picked: Any) -> None:
    """Mount the map; `payload` is `kpod.charts.question_map.map_payload`.

    The callbacks find the lasso's corners (empty: selection cleared) in `st.session_state[key]["lasso"]` and the row
    that was clicked in `st.session_state[key]["picked"]`.
    """
    _MOUNT(data=payload, key=key, on_lasso_change=on_lasso, on_picked_change=on_picked)


def map_data(run: Run) -> tuple[pd.DataFrame, dict[str, Colouring]]:
    """The questions that have a place on the map, and what they can be coloured by. Cached; never change the frame."""
    tables = ("questions", "steps", "schedule", "predictions")
    return _map_data(str(run.folder), tuple(reads.stamp(run, name) for name in tables), run)


@st.cache_resource(max_entries=4, show_spinner=False)
def _map_data(folder: str, stamps: object, _run: Run) -> tuple[pd.DataFrame, dict[str, Colouring]]:
    questions = reads.table(_run, "questions")
    placed = questions.loc[questions["x"].notna() & questions["y"].notna()].reset_index(drop=True)
    steps = reads.table_or_none(_run, "steps", ("question", "step", "difficulty"))
    schedule = reads.table_or_none(_run, "schedule")
    predictions = reads.table_or_none(_run, "predictions", ("question", "epoch", "correct"))
    return placed, colourings(placed, steps, schedule, predictions)
