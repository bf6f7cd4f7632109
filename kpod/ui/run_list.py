"""The list of runs: found by words, status, method and student, in an order, and opened by a row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import streamlit as st

from kpod.charts import pipeline as picture
from kpod.charts.text import one_line
from kpod.run_management import ORDERS, find_runs, read_note
from kpod.run_store import Run
from kpod.ui import address, parts, reads, state
from kpod.ui.run_import import import_popover
from kpod.ui.run_status import STATUS_MARKS

FEW = 3  # so many runs need no filter


def run_list() -> None:
    """Every run with its status; choosing a row opens it."""
    listed = reads.all_runs()
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom", key="runs-head"):
        parts.section(f"Runs ({len(listed.runs)})", "Choose a row to open that run on every page.")
        state.start_link("Start a run")
        import_popover()
    for reason in listed.unreadable:
        parts.notice("warning", "A run could not be read", reason)
    found = _filtered(listed.runs) if len(listed.runs) > FEW else list(listed.runs.items())
    if not found:
        parts.empty_state("No run is like that", f"Widen the filter; there are {len(listed.runs)} runs.")
        return
    keys = [key for key, _ in found]
    st.dataframe(
        pd.DataFrame([_row(run) for _, run in found]),
        hide_index=True,
        key="run-list",
        on_select=lambda: _choose(keys),
        selection_mode="single-row",
        placeholder="–",
        column_config={
            "progress": st.column_config.ProgressColumn(format="%d%%", min_value=0, max_value=100),
            "before": st.column_config.NumberColumn("accuracy before", format="%.1f%%"),
            "after": st.column_config.NumberColumn("accuracy after", format="%.1f%%"),
        },
    )


def _filtered(runs: dict[str, Run]) -> list[tuple[str, Run]]:
    """The runs that the filter lets through; what it is set to stands in the address."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="runs-filter"):
        words = st.text_input("Find", key="find", bind="query-params", placeholder="words in name or note", width=230)
        choices = {name: _choice(name, sorted({value(run) for run in runs.values()})) for name, value in _CHOICES}
        order = st.selectbox("Order", list(ORDERS), key="order", bind="query-params", width=130)
    return find_runs(
        runs.items(),
        words=words,
        statuses=choices["status"],
        methods=choices["method"],
        students=choices["student"],
        order=order,
    )


_CHOICES: tuple[tuple[str, Callable[[Run], str]], ...] = (
    ("status", lambda run: run.status),
    ("method", lambda run: run.config.method),
    ("student", lambda run: run.config.student.name),
)


def _choice(name: str, options: list[str]) -> list[str]:
    """Any number of the options; none chosen stands for all."""
    key = f"runs-{name}"
    address.settle_several(key, options)
    labels = state.distinct_labels({option: one_line(option, 40) for option in options})
    return st.multiselect(
        name.capitalize(), options, format_func=labels.__getitem__, key=key, placeholder="all", width=210
    )


def _choose(keys: list[str]) -> None:
    rows = st.session_state["run-list"]["selection"]["rows"]
    if rows and rows[0] < len(keys):
        st.session_state["run"] = keys[rows[0]]


def _row(run: Run) -> dict[str, Any]:
    summary, status = run.state.summary, run.status
    return {
        "run": one_line(run.name, 120),
        "status": STATUS_MARKS.get(status, status),
        "progress": 100 * _share_done(run, status),
        "questions": summary.get("questions"),
        "before": _percent(summary.get("base_accuracy")),
        "after": _percent(summary.get("accuracy")),
        "student": one_line(run.config.student.name, 60),
        "method": run.config.method,
        "started": run.state.created_at.replace("T", " ").replace("+00:00", "")[:19],
        "note": one_line(read_note(run.folder), 120),
    }


def _percent(measured: dict[str, Any] | None) -> float | None:
    return None if measured is None else 100 * measured["accuracy"]


def _share_done(run: Run, status: str) -> float:
    """The share of the pipeline's cards that are complete; a run that finished is."""
    if status == "finished":
        return 1.0
    names = [stage for _, _, stages in picture.CARDS for stage in stages]
    done = sum(stage in run.state.stages for stage in names)
    progress = run.state.progress or {}
    within = progress["done"] / progress["total"] if progress.get("total") and status == "running" else 0.0
    return min(1.0, (done + within) / len(names))
