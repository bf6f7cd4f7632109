"""What the parts of the Results page share: a run's answers, and tables for download."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from kpod.charts.text import one_line
from kpod.results import answer_table, csv_bytes, distilled
from kpod.run_archive import archive_name
from kpod.run_store import Run
from kpod.ui import address, parts, reads, state

MAX_ROWS = 2_000  # a longer table is no help to anyone; its CSV has every row
ROWS_HEIGHT = 36 + 6 * 35  # pixels: six whole rows
MARKS = {"right": "✓ right", "wrong": "× wrong", "no answer": "– no answer"}


def answers(run: Run) -> pd.DataFrame:
    """The run's answers (kpod.results.answer_table), read again only where its files changed."""
    stamps = (reads.stamp(run, "predictions"), reads.stamp(run, "questions"))
    return _answers(str(run.folder), stamps, run.config.steps.mode, run)


@st.cache_resource(max_entries=32, show_spinner=False)
def _answers(folder: str, stamps: object, step_mode: str, _run: Run) -> pd.DataFrame:
    columns = ("question", "text", "answer", "rationale", "num_steps")
    return answer_table(reads.table(_run, "predictions"), reads.table(_run, "questions", columns), step_mode)


def distilled_answers(runs: dict[str, Run]) -> dict[str, pd.DataFrame]:
    """The answers after distillation of every run that has some, by key; a damaged run is left out."""
    found = {}
    for key, run in runs.items():
        with parts.guarded():
            if run.has("predictions") and run.has("questions") and len(table := distilled(answers(run))):
                found[key] = table
    return found


def download(run: Run, table: pd.DataFrame, what: str, label: str = "CSV") -> None:
    """A button for a whole table as CSV, made when it is asked for."""
    st.download_button(
        label,
        data=lambda: csv_bytes(table),
        file_name=f"{archive_name(run)}-{what}.csv",
        mime="text/csv",
        on_click="ignore",
        icon=":material/download:",
        key=f"csv-{what}",
    )


def set_choice(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of one evaluation set, chosen where there are several and kept in the address."""
    names = list(table["evaluation_set"].unique())  # the one in distribution comes first
    if len(names) < 2:
        return table
    address.settle("measured-on", names)
    labels = state.distinct_labels({name: one_line(name, 60) for name in names})
    chosen = st.selectbox("Evaluation set", names, format_func=labels.__getitem__, key="measured-on", width=320)
    return table[table["evaluation_set"] == chosen]


def share_table(table: pd.DataFrame, key: str, shares: tuple[str, ...], **columns: object) -> None:
    """A table with its `shares` in percent; `columns` are labels or settings by column, others lose underscores."""
    shown = table.assign(**{name: 100 * table[name].astype(float) for name in shares if name in table})
    settings = {name: columns.get(name, name.replace("_", " ")) for name in shown}
    settings |= {
        name: st.column_config.NumberColumn(settings[name], format="%.1f%%") for name in shares if name in shown
    }
    st.dataframe(shown, hide_index=True, key=key, placeholder="–", column_config=settings)


def question_rows(frame: pd.DataFrame, ids: list[str], *, key: str) -> None:
    """A table with a row a question (`ids`, in its order); a click on a row chooses the question."""

    def choose() -> None:
        rows = st.session_state[key]["selection"]["rows"]
        if rows and rows[0] < len(ids):
            state.choose_question(ids[rows[0]])

    st.dataframe(
        frame,
        hide_index=True,
        height=ROWS_HEIGHT,
        key=key,
        on_select=choose,
        selection_mode="single-row",
        placeholder="–",
        column_config={"text": st.column_config.TextColumn(width="large")},
    )
