"""The table beside the map: what the lasso caught, with what became of it, and as a file."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from kpod.charts.text import one_line
from kpod.run_store import Run
from kpod.ui import parts, question_selection, state
from kpod.ui.question_map import MapData

MAX_ROWS = 2_000  # a longer table is no help to anyone; narrow the selection instead
# Colourings that are columns of the table where the run has them, and what they are called there. Those in front of the
# text are seen without scrolling in the narrowest window.
BEFORE_TEXT = {"stage": "stage", "correct": "after"}
BEHIND_TEXT = {
    "cluster": "cluster",
    "steps": "steps",
    "difficulty": "difficulty",
    "base": "before",
    "split": "split",
}
COLUMNS = BEFORE_TEXT | BEHIND_TEXT
_LOOKS = {
    "question": st.column_config.TextColumn(width=112),
    "stage": st.column_config.NumberColumn(
        format="%d", width=58, help="The stage at which the whole rationale is supervised for the first time"
    ),
    "after": st.column_config.TextColumn(width=62, help="The answer of the distilled student"),
    "before": st.column_config.TextColumn(width=66, help="The answer of the base student"),
    "text": st.column_config.TextColumn(width=300),
    "steps": st.column_config.NumberColumn(format="%d", width=58),
}


def question_table(run: Run, data: MapData, rows: np.ndarray, colour: str, *, is_selection: bool) -> None:
    """The questions of `rows` with their values; a row chosen here is the question of every page."""
    total = len(data.questions)
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom", key="table-head"
    ):
        title = f"{len(rows):,} of {total:,} questions selected" if is_selection else f"All {total:,} questions"
        parts.section(title, "" if is_selection else "Draw with the lasso to narrow this down.")
        if is_selection:
            question_selection.clear_button(run)
    if not len(rows):
        parts.empty_state("Nothing in the lasso", "Draw around some points, or clear the selection.")
        return
    frame, ids = _frame(data, rows[:MAX_ROWS], colour)
    st.dataframe(
        frame,
        hide_index=True,
        height=248,
        key="question-table",
        on_select=lambda: _choose(ids),
        selection_mode="single-row",
        placeholder="–",
        column_config=_LOOKS
        | {
            name: st.column_config.NumberColumn(format="%.2f")
            for name in frame
            if frame[name].dtype.kind == "f" and name not in _LOOKS
        },
    )
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", key="table-foot"
    ):
        cut = f"The first {MAX_ROWS:,} are shown; the lasso narrows it down." if len(rows) > MAX_ROWS else ""
        st.caption(cut or "Click a point or a row to choose a question.", width="content")
        st.download_button(
            "CSV",
            data=lambda: _frame(data, rows, colour)[0].to_csv(index=False).encode(),
            file_name="questions.csv",
            mime="text/csv",
            icon=":material/download:",
            type="tertiary",
            on_click="ignore",
            key="questions-csv",
            help="All of these questions with their values",
        )


def _frame(data: MapData, rows: np.ndarray, colour: str) -> tuple[pd.DataFrame, list[str]]:
    chosen = data.questions.iloc[rows]
    ids = chosen["question"].tolist()
    frame = pd.DataFrame({"question": [one_line(str(q), 40) for q in ids]})

    def add(columns: dict[str, str]) -> None:
        for name, title in columns.items():
            if name in data.colourings and title not in frame:
                frame[title] = data.colourings[name].shown(rows).to_numpy()

    add(BEFORE_TEXT)
    if colour != "cluster":  # its names are wide, and on the map
        add({colour: COLUMNS.get(colour, data.colourings[colour].title)})
    frame["text"] = [one_line(str(text), 200) for text in chosen["text"]]
    add(BEHIND_TEXT)
    return frame, ids


def _choose(ids: list[str]) -> None:
    rows = st.session_state["question-table"]["selection"]["rows"]
    if rows and rows[0] < len(ids):
        state.choose_question(ids[rows[0]])
