"""The parts of the Overview: the chosen run in words, its pipeline as a picture, the list of runs."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from kpod.charts import pipeline as picture
from kpod.charts.glyphs import svg_source
from kpod.charts.text import for_html, one_line
from kpod.progress import format_seconds
from kpod.run_store import Run
from kpod.ui import parts, reads, state

_NEEDED = {
    "questions": ("question", "cluster", "x", "y"),
    "steps": ("question_index", "step", "difficulty"),
    "tokens": ("question_index", "weight"),
    "stages": ("stage", "budget", "supervised"),
    "difficulty_history": ("epoch", "difficulty"),
}
STATUS_MARKS = {
    "finished": "● finished",
    "running": "◐ running",
    "created": "○ created",
    "cancelled": "◼ cancelled",
    "failed": "✕ failed",
    "died": "✕ died",
}


def live_head(run: Run) -> None:
    """The head, kept fresh while the run goes; when it ends, the whole page is drawn anew."""
    going = run.status == "running"

    @st.fragment(run_every=2.0 if going else None)
    def head() -> None:
        current = reads.open_run(run.folder)
        run_head(current)
        if going and (current.status != "running" or current.state.stages.keys() != run.state.stages.keys()):
            st.rerun()

    head()


def run_head(run: Run) -> None:
    """Name, status and settings of the chosen run; how far it is, or why it stopped."""
    config = run.config
    facts = [
        ("student", config.student.name),
        ("method", config.method),
        ("data", config.data.source),
        ("started", run.state.created_at.replace("T", " ").replace("+00:00", " UTC")),
        ("took", format_seconds(sum(record.seconds for record in run.state.stages.values()))),
    ]
    shown = "".join(f"<span><i>{for_html(name)}</i> {for_html(value, 60)}</span>" for name, value in facts)
    st.html(
        f'<div class="kp-run"><h2>{for_html(run.name, 120)}</h2>'
        f'<span class="kp-status {run.status}">{for_html(STATUS_MARKS[run.status])}</span><div>{shown}</div></div>'
    )
    if run.status == "running" and run.state.progress:
        _progress(run.state.progress)
    if run.status == "failed":
        parts.notice("error", "This run failed", run.state.error or "Its log says why.")
    if run.status == "died":
        parts.notice(
            "error", "The process of this run is gone", f"Continue it with: python -m kpod run --resume {run.folder}"
        )


def pipeline(run: Run) -> None:
    """One card a stage, in order, with this run's own figures."""
    tables = {name: reads.table(run, name, columns) for name, columns in _NEEDED.items() if run.has(name)}
    running = (run.state.progress or {}).get("stage") if run.status == "running" else None
    made = picture.cards(tables, run.state.summary, running, state.is_dark())
    st.html(f'<div class="kp-pipeline" role="list">{"".join(_card(card) for card in made)}</div>')


def run_list() -> None:
    """Every run with its status; choosing a row opens it."""
    listed = reads.all_runs()
    parts.section(f"Runs ({len(listed.runs)})", "Choose a row to open that run on every page.")
    for reason in listed.unreadable:
        parts.notice("warning", "A run could not be read", reason)
    keys = list(listed.runs)
    st.dataframe(
        pd.DataFrame([_row(run) for run in listed.runs.values()]),
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


def _choose(keys: list[str]) -> None:
    rows = st.session_state["run-list"]["selection"]["rows"]
    if rows and rows[0] < len(keys):
        st.session_state["run"] = keys[rows[0]]


def _row(run: Run) -> dict[str, Any]:
    summary = run.state.summary
    return {
        "run": one_line(run.name, 120),
        "status": STATUS_MARKS[run.status],
        "progress": 100 * _share_done(run),
        "questions": summary.get("questions"),
        "before": _percent(summary.get("base_accuracy")),
        "after": _percent(summary.get("accuracy")),
        "student": one_line(run.config.student.name, 60),
        "method": run.config.method,
        "started": run.state.created_at.replace("T", " ").replace("+00:00", ""),
    }


def _percent(measured: dict[str, Any] | None) -> float | None:
    return None if measured is None else 100 * measured["accuracy"]


def _share_done(run: Run) -> float:
    """The share of the pipeline's cards that are complete; a run that finished is."""
    if run.status == "finished":
        return 1.0
    names = [stage for _, _, stages in picture.CARDS for stage in stages]
    done = sum(stage in run.state.stages for stage in names)
    progress = run.state.progress or {}
    within = progress["done"] / progress["total"] if progress.get("total") and run.status == "running" else 0.0
    return min(1.0, (done + within) / len(names))


def _progress(progress: dict[str, Any]) -> None:
    share = progress["done"] / progress["total"] if progress["total"] else 0.0
    left = progress.get("seconds_left")
    text = f"{progress['stage']}: {progress['done']:,} of {progress['total']:,} {progress['unit']}"
    st.progress(min(1.0, share), text=text + ("" if left is None else f", {format_seconds(left)} left"))


def _card(card: picture.Card) -> str:
    drawing = f'<img alt="" src="{svg_source(card.drawing)}">' if card.drawing else ""
    return (
        f'<div class="kp-card {card.state}" role="listitem"><h3>{for_html(card.title)}</h3>'
        f'<div class="kp-glyph">{drawing}</div>'
        f"<b>{for_html(card.figure)}</b><p>{for_html(card.detail)}</p></div>"
    )
