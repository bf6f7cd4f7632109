"""Difficulty of steps over the epochs: of every step as a matrix, of all, and by where one stands in its rationale."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from kpod.charts.difficulty import corpus_difficulty_figure, position_figure
from kpod.run_store import Run
from kpod.step_difficulty.over_epochs import quartiles_by_position
from kpod.ui import parts, reads
from kpod.ui.curriculum_matrix import HISTORY, matrix_of_difficulty
from kpod.ui.saved_figures import figure

COUNTED = ("from the start", "from the end")


def difficulty_view(run: Run) -> None:
    """Median and quartiles over the epochs, as far as the run has recorded them."""
    if not run.has("difficulty_history"):
        parts.not_yet(run, "difficulties by epoch", "distill")
        return
    matrix_of_difficulty(run)
    parts.section("Difficulty of all steps over the epochs", "Median and quartiles under the student of each epoch.")
    figure(corpus_difficulty_figure(reads.table(run, "difficulty_history", HISTORY)), "all-difficulty")
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom", key="by-position"
    ):
        parts.section(
            "Difficulty by position", "Median and quartiles of the steps that stand at the same place of a rationale."
        )
        counted = st.segmented_control(
            "Position counted", COUNTED, default=COUNTED[0], required=True, key="counted", bind="query-params"
        )
    from_end = counted == COUNTED[1]
    quartiles = _quartiles(str(run.folder), reads.stamp(run, "difficulty_history"), from_end, run)
    figure(position_figure(quartiles, from_end=from_end), "difficulty-by-position")


@st.cache_resource(max_entries=8, show_spinner=False)
def _quartiles(folder: str, stamp: object, from_end: bool, _run: Run) -> pd.DataFrame:
    return quartiles_by_position(reads.table(_run, "difficulty_history", HISTORY), from_end=from_end)
