"""The evaluation questions one by one: filtered by what became of them, teacher and student side by side."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from kpod.charts.text import one_line
from kpod.results import BASE, DISTILLED
from kpod.run_store import Run
from kpod.ui import parts, state
from kpod.ui.results_parts import MARKS, MAX_ROWS, answers, download, question_rows, set_choice
from kpod.ui.results_steps import side_by_side

FILTERS = ("all", "right", "wrong", "no answer", "flipped")


def questions(run: Run) -> None:
    """The table with its filter, and the chosen question in full."""
    found = answers(run)
    after, before = found[found["student"] == DISTILLED], found[found["student"] == BASE]
    if after.empty:
        after = before
        st.caption("This run has answers from before distillation alone.")
    earlier = before.set_index(["evaluation_set", "question"])["outcome"]
    keys = pd.MultiIndex.from_frame(after[["evaluation_set", "question"]])
    table = after.assign(before=earlier[~earlier.index.duplicated()].reindex(keys).to_numpy(dtype=object))
    table = set_choice(table)
    with st.container(horizontal=True, vertical_alignment="bottom", key="question-filter"):
        kept = st.segmented_control(
            "Show, after distillation", FILTERS, default="all", required=True, key="outcome", bind="query-params"
        )
        words = st.text_input(
            "Find", key="answer-search", bind="query-params", placeholder="words in question or output", width=260
        )
        download(run, table.drop(columns="student"), "answers")
    table = _filtered(table, kept, words)
    if table.empty:
        parts.empty_state("No such question", "No answer of this run is like that; choose another filter.")
        return
    chosen = _choose(table)
    _detail(run, chosen, before)


def _filtered(table: pd.DataFrame, kept: str, words: str) -> pd.DataFrame:
    if kept == "flipped":
        known = table["before"].notna()
        table = table[known & ((table["before"] == "right") != table["correct"])]
    elif kept != "all":
        table = table[table["outcome"] == kept]
    for word in words.lower().split():
        text = table["question"] + " " + table["text"] + " " + table["output"]
        table = table[text.str.lower().str.contains(word, regex=False)]
    return table


def _choose(table: pd.DataFrame) -> pd.Series:
    """The table; the row that is chosen there, else the question that the address names, else the first."""
    shown = table.head(MAX_ROWS)
    ids = shown["question"].tolist()
    frame = pd.DataFrame(
        {
            "question": [one_line(each, 40) for each in ids],
            "after": [MARKS[each] for each in shown["outcome"]],
            "before": [MARKS.get(each) for each in shown["before"]],
            "answer": [None if each is None else one_line(each, 30) for each in shown["answer"]],
            "gold": [one_line(each, 30) for each in shown["gold"]],
            "steps": shown["num_steps"].to_numpy(),
            "text": [one_line(each, 200) for each in shown["text"]],
        }
    )
    if frame["before"].isna().all():
        frame = frame.drop(columns="before")

    question_rows(frame, ids, key="answer-table")
    st.caption(f"{len(table):,} questions. Choose a row to see its rationales.")
    at = table.index[table["question"] == state.chosen_question()]
    return table.loc[at[0]] if len(at) else table.iloc[0]


def _detail(run: Run, row: pd.Series, before: pd.DataFrame) -> None:
    """Gold or teacher's rationale, and the student's after and before distillation."""
    parts.section(one_line(row["question"], 60))
    parts.question_card({"text": row["text"], "answer": row["gold"]})
    teacher = None if row["rationale"] is None else (f"answer {row['gold']}", row["rationale"])
    columns = [(f"Student {row['student']}", outcome_note(row["outcome"], row["answer"]), row["output"])]
    earlier = before[(before["question"] == row["question"]) & (before["evaluation_set"] == row["evaluation_set"])]
    if len(earlier) and row["student"] != BASE:
        first = earlier.iloc[0]
        columns.append((f"Student {BASE}", outcome_note(first["outcome"], first["answer"]), first["output"]))
    side_by_side(columns, row["text"], run.config.steps.mode, teacher)


def outcome_note(outcome: str, answer: str | None) -> str:
    return MARKS[outcome] + ("" if answer is None else f", answer {answer}")
