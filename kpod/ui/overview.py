"""The parts of the Overview: the chosen run in words, and its pipeline as a picture."""

from __future__ import annotations

import streamlit as st

from kpod import job_state
from kpod.charts import pipeline as picture
from kpod.charts.glyphs import svg_source
from kpod.charts.text import for_html
from kpod.errors import InputError
from kpod.progress import format_seconds
from kpod.run_store import Run
from kpod.ui import parts, reads, state
from kpod.ui.run_at_work import show_at_work
from kpod.ui.run_status import STATUS_MARKS

_NEEDED = {
    "questions": ("question", "cluster", "x", "y"),
    "steps": ("question_index", "step", "difficulty"),
    "tokens": ("question_index", "weight"),
    "stages": ("stage", "budget", "supervised"),
    "difficulty_history": ("epoch", "difficulty"),
}


def live_head(run: Run) -> None:
    """The head, kept fresh while the run goes; when it ends, the whole page is drawn anew."""
    going = run.status in job_state.LIVE

    @st.fragment(run_every=2.0 if going else None)
    def head() -> None:
        try:
            current = reads.open_run(run.folder)
            run_head(current)
        except InputError:  # deleted meanwhile: the page finds another
            st.rerun()
        if going and (current.status != run.status or current.state.stages.keys() != run.state.stages.keys()):
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
    mark = for_html(STATUS_MARKS.get(run.status, run.status))
    st.html(
        f'<div class="kp-run"><h2>{for_html(run.name, 120)}</h2>'
        f'<span class="kp-status {run.status}">{mark}</span><div>{shown}</div></div>'
    )
    show_at_work(run, job_state.state(run))
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


def _card(card: picture.Card) -> str:
    drawing = f'<img alt="" src="{svg_source(card.drawing)}">' if card.drawing else ""
    return (
        f'<div class="kp-card {card.state}" role="listitem"><h3>{for_html(card.title)}</h3>'
        f'<div class="kp-glyph">{drawing}</div>'
        f"<b>{for_html(card.figure)}</b><p>{for_html(card.detail)}</p></div>"
    )
