"""Where wrong answers part from the solution: of a run's students, or of the methods of an ablation."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from kpod.charts.results import departures_figure
from kpod.run_store import Run
from kpod.ui import parts, reads
from kpod.ui.results_parts import answers, download, share_table
from kpod.ui.saved_figures import figure
from kpod.wrong_answers import UNCHECKED, departure_table

_HINT = (
    "The first calculation that is another one than in the gold or teacher's solution, is wrong, is missing or is one "
    "too many."
)


def departures_of(table: pd.DataFrame, by: str) -> None:
    """The figure, a bar for each value of the column `by`; nothing where no wrong answer can be compared."""
    table = table[table["departure"] != UNCHECKED]
    if table["share"].sum() > 0:
        parts.section("Where wrong answers part from the solution", _HINT)
        figure(departures_figure(table, by), "departures")


def run_departures(run: Run) -> None:
    """The figure and the table of a run's students, and the table as CSV."""
    stamps = (reads.stamp(run, "predictions"), reads.stamp(run, "questions"))
    table = _table(str(run.folder), stamps, run)
    if table.empty or (table["departure"] == UNCHECKED).all():
        return
    departures_of(_of_one_set(table), "student")
    with st.expander("Departures in figures"):
        share_table(table, "departures-table", ("share", "low", "high"), low="95% from", high="to")
        download(run, table, "departures")


def _of_one_set(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of the set that was chosen for the figure by number of steps, else of the one in distribution."""
    chosen = st.session_state.get("measured-on")
    known = table["evaluation_set"].unique()
    return table[table["evaluation_set"] == (chosen if chosen in known else known[0])]


@st.cache_resource(max_entries=16, show_spinner="Reading the calculations of wrong answers")
def _table(folder: str, stamps: object, _run: Run) -> pd.DataFrame:
    return departure_table(answers(_run))
