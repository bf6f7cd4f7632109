"""Accuracy before and after distillation: with intervals, by evaluation set and by number of steps."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from kpod.charts import results as charts
from kpod.charts.text import one_line
from kpod.results import accuracy_by_steps, accuracy_table
from kpod.run_store import Run
from kpod.ui import parts
from kpod.ui.results_departures import run_departures
from kpod.ui.results_parts import answers, download, set_choice, share_table
from kpod.ui.saved_figures import figure


def accuracy(run: Run) -> None:
    """Figures and tables of how often the student is right."""
    found = answers(run)
    table, by_steps = accuracy_table(found), accuracy_by_steps(found)
    _figures(table)
    left, right = st.columns(2, gap="large")
    with left:
        parts.section(
            "By evaluation set",
            "Bars are 95% Wilson intervals: where the true accuracy plausibly lies. "
            "The first set is the one like the training data.",
        )
        figure(charts.accuracy_figure(table), "accuracy")
    with right:
        parts.section("By number of steps", "Of the question's own solution or its teacher's.")
        if by_steps.empty:
            parts.empty_state(
                "No numbers of steps",
                "The evaluation questions come without rationales. Give an evaluation set that has them, such as one "
                "with gold solutions.",
            )
        else:
            figure(charts.steps_figure(set_choice(by_steps)), "accuracy-by-steps")
    _table(table, "accuracies")
    download(run, table, "accuracy", "Accuracy as CSV")
    if len(by_steps):
        with st.expander("By number of steps, in figures"):
            _table(by_steps, "accuracies-by-steps")
            download(run, by_steps, "accuracy-by-steps", "By steps as CSV")
    run_departures(run)
    with st.expander("Every answer"):
        st.caption(f"{len(found):,} answers with question, output, answer found in it, gold answer and outcome.")
        download(run, found, "answers", "All answers as CSV")


def _figures(table: pd.DataFrame) -> None:
    """The first set in large type, which is the one in distribution."""
    first = table[table["evaluation_set"] == table["evaluation_set"].iloc[0]]
    where = "" if len(first) == len(table) else f", {one_line(first['evaluation_set'].iloc[0], 40)}"
    entries = [
        (f"{row.accuracy:.1%}", f"{row.student}{where}", f"{row.correct:,} of {row.questions:,} questions right")
        for row in first.itertuples()
    ]
    last = first.iloc[-1:]
    for column, name, hint in (
        ("no_answer", "without an answer", "outputs in which no answer is found; they count as wrong"),
        (
            "unfinished",
            "without an answer sentence",
            "outputs that were cut off or never came to their answer sentence",
        ),
    ):
        entries.append((f"{int(last[column].sum()):,}", name, hint))
    parts.figures(entries)


def _table(table: pd.DataFrame, key: str) -> None:
    share_table(
        table,
        key,
        ("accuracy", "low", "high"),
        num_steps="steps",
        low="95% from",
        high="to",
        unfinished="no answer sentence",
    )
