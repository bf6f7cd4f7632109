"""The figures of an ablation in the page: over the values that are varied, by method, and by number of steps."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from kpod.ablation_store import CELL_COLUMNS
from kpod.charts.ablation import across_figure, methods_figure, steps_panels_figure
from kpod.charts.results import steps_figure
from kpod.charts.text import one_line
from kpod.ui import address, parts
from kpod.ui.saved_figures import figure

MOST_LINES = 6  # more lines than colours and marks can tell apart
_SETS = "evaluation set"


def cell_choice(summary: pd.DataFrame) -> tuple[str, str] | None:
    """The setting and the value whose methods are shown; None where nothing is varied."""
    if CELL_COLUMNS[0] not in summary:
        return None
    pairs = summary[list(CELL_COLUMNS)].drop_duplicates().itertuples(index=False, name=None)
    cells = {f"{setting}={value}": (setting, value) for setting, value in pairs}
    address.settle("varied", list(cells))
    chosen = st.selectbox(
        "Value", list(cells), format_func=lambda key: one_line(": ".join(cells[key]), 60), key="varied", width=420
    )
    return cells[chosen]


def of_cell(table: pd.DataFrame, cell: tuple[str, str] | None) -> pd.DataFrame:
    """The rows of one value."""
    return table if cell is None else table[(table["setting"] == cell[0]) & (table["value"] == cell[1])]


def across(summary: pd.DataFrame, evaluation_set: str, cell: tuple[str, str] | None) -> None:
    """Accuracy and difference over the values of the chosen setting, or over evaluation sets, where there are some."""
    options = [cell[0]] if cell is not None else []
    options += [_SETS] if summary["evaluation_set"].nunique() > 1 else []
    if not options:
        return
    address.settle("across", options)
    left, right = st.columns([1, 2])
    with left:
        by = st.selectbox("Over", options, format_func=lambda name: one_line(name, 60), key="across")
    rows = of_cell(summary, cell)
    if by != _SETS:
        rows = summary[(summary["setting"] == by) & (summary["evaluation_set"] == evaluation_set)]
    with right:
        rows = _chosen_methods(rows)
    column = "evaluation_set" if by == _SETS else "value"
    for place, difference in zip(st.columns(2, gap="large"), (False, True), strict=True):
        with place:
            title, hint = (
                ("Difference to the reference", "On the same questions and seeds, with 95% paired bootstrap intervals.")
                if difference
                else (f"Accuracy by {by}", "Means over seeds with 95% bootstrap intervals; the reference is dashed.")
            )
            parts.section(title, hint)
            drawn = across_figure(rows, column, by, difference=difference)
            figure(drawn, f"ablation-across-{'difference' if difference else 'accuracy'}")


def _chosen_methods(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of the methods that the reader chose: at first the reference and a few others."""
    labels = rows.drop_duplicates("method").sort_values("is_reference", ascending=False, kind="stable")
    names = dict(zip(labels["method"], labels["label"], strict=True))
    chosen = st.multiselect(
        "Methods in the lines",
        list(names),
        default=list(names)[:MOST_LINES],
        format_func=lambda name: one_line(str(names[name]), 40),
        key=f"ablation-lines-{'-'.join(names)}"[:200],
    )
    return rows[rows["method"].isin(chosen or list(names)[:1])]


def methods_and_steps(shown: pd.DataFrame, steps: pd.DataFrame) -> None:
    """Every method of one value and evaluation set, and the same by number of steps."""
    many = steps["method"].nunique() > MOST_LINES if len(steps) else False
    left, right = (st.container(), st.container()) if many else st.columns(2, gap="large")
    with left:
        parts.section(
            "Accuracy by method", "Means over seeds with 95% bootstrap intervals; the reference is a diamond."
        )
        figure(methods_figure(shown), "ablation-methods")
    with right:
        hint = "That the questions take: means over seeds with 95% bootstrap intervals."
        more = " Every panel is on the same scale and begins where its own intervals do." if many else ""
        parts.section("By number of steps", hint + more)
        if not len(steps):
            parts.empty_state("No numbers of steps", "The evaluation questions come without rationales.")
        elif many:
            reference = dict(zip(shown["method"], shown["is_reference"], strict=True))
            marked = steps.assign(is_reference=steps["method"].map(reference).fillna(False))
            figure(steps_panels_figure(marked), "ablation-steps")
        else:
            figure(steps_figure(steps, by="label"), "ablation-steps")
