"""The table beside the map: what the lasso caught, and the ways from one question to the other pages."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from kpod.charts.text import one_line
from kpod.run_store import Run
from kpod.ui import parts, reads, state

MAX_ROWS = 2_000  # a longer table is no help to anyone; narrow the selection instead


def question_table(run: Run, questions: pd.DataFrame, chosen: str | None, *, is_selection: bool, total: int) -> None:
    """Questions with their values; a row chosen here is the question of every page."""
    title = f"{len(questions):,} of {total:,} questions selected" if is_selection else f"All {total:,} questions"
    hint = "Draw with the lasso to narrow this down." if not is_selection else ""
    parts.section(title, hint)
    if questions.empty:
        parts.empty_state("Nothing in the lasso", "Draw around some points, or clear the selection.")
        return
    shown = questions.head(MAX_ROWS)
    ids = shown["question"].tolist()
    values = [c for c in shown if c.startswith(("Cluster", "Difficulty", "Stage", "Answer"))]
    frame = pd.DataFrame({"question": [one_line(str(q), 40) for q in ids]})
    for column in values:
        frame[column.split()[0].lower()] = shown[column].to_numpy()
    frame["text"] = [one_line(str(text), 200) for text in shown["text"]]
    st.dataframe(
        frame,
        hide_index=True,
        height=330,
        key="question-table",
        on_select=lambda: _choose(ids),
        selection_mode="single-row",
        placeholder="–",
        column_config={
            "difficulty": st.column_config.NumberColumn(format="%.2f"),
            "text": st.column_config.TextColumn(width="large"),
        },
    )
    if len(questions) > MAX_ROWS:
        st.caption(f"The first {MAX_ROWS:,}; the lasso narrows it down.")
    _chosen(run, questions, chosen)


def _choose(ids: list[str]) -> None:
    rows = st.session_state["question-table"]["selection"]["rows"]
    if rows and rows[0] < len(ids):
        state.choose_question(ids[rows[0]])


def _chosen(run: Run, questions: pd.DataFrame, chosen: str | None) -> None:
    known = reads.table(run, "questions").set_index("question")
    if chosen not in known.index:
        st.caption("Click a point or a row to choose a question.")
        return
    row = known.loc[chosen]
    parts.question_card(row)
    learned = bool(row.get("trained", True))
    with st.container(horizontal=True, key="links"):
        to_keypoints = st.button(
            "Open in Keypoints", icon=":material/ink_highlighter:", key="to-keypoints", disabled=not learned
        )
        to_curriculum = st.button(
            "Open in Curriculum", icon=":material/stairs:", key="to-curriculum", disabled=not learned
        )
    if not learned:
        st.caption("The student was measured on this question and did not learn from it.")
    if to_keypoints:
        state.open_page("keypoints", chosen)
    if to_curriculum:
        state.open_page("curriculum", chosen)
