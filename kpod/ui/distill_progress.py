"""A run at work: where it is, how fast, its curves, and what it said when it stopped."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from kpod import jobs
from kpod.charts import pipeline as picture
from kpod.charts import progress as figures
from kpod.charts.text import for_html, reveal
from kpod.errors import InputError
from kpod.jobs import JobState
from kpod.metrics_tail import MetricsTail
from kpod.progress import format_seconds
from kpod.run_store import Run
from kpod.ui import parts, reads
from kpod.ui.afterimage import keep_afterimages
from kpod.ui.run_at_work import show_at_work
from kpod.ui.run_status import STATUS_MARKS
from kpod.ui.saved_figures import figure

SECONDS_BETWEEN_LOOKS = 1.0
LOG_LINES = 14


def run_progress(run: Run, live: bool) -> None:
    """The run's progress, looked at every second if it is `live`; the page is drawn anew when it begins and ends."""

    @st.fragment(run_every=SECONDS_BETWEEN_LOOKS if live else None)
    def panel() -> None:
        try:
            current, job = reads.open_run(run.folder), jobs.state(run)
        except InputError:  # deleted meanwhile: the page finds another
            st.rerun()
        if live and (not job.live or current.state.status != run.state.status):  # the choice of runs names the latter
            st.rerun()
        _head(current, job)
        _why_it_stopped(current, job)
        rows = _tail(str(run.folder)).rows()
        left, right = st.columns([5, 8], gap="large")
        with left:
            _stages(current, job)
        with right:
            _curves(rows)
        _log(current)

    if live:
        keep_afterimages()
    with st.container(key="progress"):
        panel()


def _head(run: Run, job: JobState) -> None:
    facts = [
        ("student", run.config.student.name),
        ("method", run.config.method),
        ("data", run.config.data.source),
        ("started", run.state.created_at.replace("T", " ").replace("+00:00", " UTC")),
    ]
    shown = "".join(f"<span><i>{for_html(name)}</i> {for_html(value, 60)}</span>" for name, value in facts)
    mark = "◐ stopping" if job.stopping else STATUS_MARKS.get(job.status, job.status)
    st.html(
        f'<div class="kp-run"><h2>{for_html(run.name, 120)}</h2>'
        f'<span class="kp-status {for_html(job.status)}">{for_html(mark)}</span><div>{shown}</div></div>'
    )
    show_at_work(run, job)


def _why_it_stopped(run: Run, job: JobState) -> None:
    if job.status == "failed":
        parts.notice("error", "This run failed", job.error or "Its log says why.")
    elif job.status == "died":
        parts.notice(
            "error",
            "The process of this run died",
            "It was ended from outside, or the machine went down or out of memory: nobody cancelled it and it gave no "
            "reason. What was finished, and its last checkpoint, are whole; resume it.",
        )
    elif job.status == "cancelled":
        parts.notice("info", "This run was cancelled", "It stopped with a checkpoint; resume it to go on from there.")
    if job.log_lines:
        st.code(reveal("\n".join(job.log_lines)), language=None, wrap_lines=True)


def _stages(run: Run, job: JobState) -> None:
    """Every stage with its state, time and memory."""
    done = run.state.stages
    names = [name for _, _, stages in picture.CARDS for name in stages]
    entries = []
    for name in [*names, *(other for other in done if other not in names)]:
        if name in done:
            record = done[name]
            took, memory = format_seconds(record.seconds), _gigabytes(record.peak_memory_bytes)
            entries.append(("done", "✓", name, took, memory))
        elif job.stage == name:
            left = "" if job.seconds_left is None else f"{format_seconds(job.seconds_left)} left"
            entries.append(("running", "◐", name, left, _gigabytes(job.memory_bytes)))
        elif job.status != "finished":
            entries.append(("waiting", "○", name, "", ""))
    rows = "".join(
        f'<tr class="{state}"><td>{mark}</td><th scope="row">{for_html(name)}</th>'
        f'<td class="kp-number">{for_html(time)}</td><td class="kp-number">{for_html(memory)}</td></tr>'
        for state, mark, name, time, memory in entries
    )
    total = format_seconds(sum(record.seconds for record in done.values()))
    st.html(
        '<table class="kp-stages"><thead><tr><td></td><th>stage</th><th>time</th><th>peak memory</th></tr></thead>'
        f'<tbody>{rows}</tbody><tfoot><tr><td></td><th>all so far</th><td class="kp-number">{total}</td><td></td></tr>'
        "</tfoot></table>"
    )


def _gigabytes(count: int | None) -> str:
    return f"{count / 1e9:.2f} GB" if count else ""


def _curves(rows: dict[str, list[dict]]) -> None:
    """The curves of what has been trained so far: the student's own, else mask learning's."""
    distilled, weighed = rows.get("distill", []), rows.get("weights", [])
    if distilled:
        parts.figures(
            [
                (_figure(figures.last_number(distilled, "loss"), ".3f"), "loss", "of the last step (Eq. 15)"),
                (_figure(figures.last_number(distilled, "learning_rate"), ".2g"), "learning rate", "of the last step"),
                (_figure(figures.last_number(distilled, "epoch"), ".0f"), "epoch", "of distillation"),
                (_figure(figures.tokens_a_second(distilled), ",.0f"), "tokens a second", "over the last 20 steps"),
            ]
        )
        figure(figures.loss_figure(distilled), "loss")
        if figures.last_number(distilled, "learning_rate") is not None:
            figure(figures.learning_rate_figure(distilled), "rate")
    if weighed:
        with st.expander("Mask learning", expanded=not distilled, key="mask-learning"):
            figure(figures.mask_figure(weighed), "mask")
            figure(figures.keep_rate_figure(weighed), "kept")
    if not distilled and not weighed:
        st.html('<p class="kp-quiet">Curves appear here with the first training step.</p>')


def _figure(value: float | None, form: str) -> str:
    return "–" if value is None else format(value, form)


def _log(run: Run) -> None:
    lines = jobs.log_tail(run, LOG_LINES)
    if lines:
        with st.expander("Log", key="log"):
            st.code(reveal("\n".join(lines)), language=None, wrap_lines=True)


@st.cache_resource(max_entries=8, show_spinner=False)
def _tail(folder: str) -> MetricsTail:
    return MetricsTail(Path(folder) / "metrics.jsonl")
