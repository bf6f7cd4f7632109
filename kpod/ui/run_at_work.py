"""A run at work in one line: how far its stage is, how fast, and the time left of that stage and of all."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from kpod.charts.text import for_markdown
from kpod.errors import InputError
from kpod.job_state import JobState
from kpod.progress import format_seconds
from kpod.run_store import Run, list_runs, load_run, runs_folder
from kpod.ui.time_range import time_range

if TYPE_CHECKING:
    from kpod.preflight.estimate import StageTime
    from kpod.preflight.remaining import TimeLeft

SILENT_SECONDS = 120.0  # a run at work writes its state every second, but for stages that report no steps
RUNS_TO_LEARN_FROM = 20
COUNTED = ("prepare", "evaluation set")  # the stages after which a run's own tables tell how much there is to do


def show_at_work(run: Run, job: JobState) -> None:
    """The bar of a run that works or waits for its device; nothing for any other."""
    if not job.live:
        return
    left = time_left(run, job)
    text = _where(job)
    if left is not None:
        about = f"about {time_range(left.low, left.high)}"
        text += f" · then {about}" if job.status == "queued" else f" · {about} left in all"
    st.progress(_share(job), text=text)


def time_left(run: Run, job: JobState) -> TimeLeft | None:
    """Of all stages of a live run; None where nothing is known of it."""
    if not job.live or job.stopping:
        return None
    times = _estimated(str(run.folder), run.config.to_yaml(), all(stage in run.state.stages for stage in COUNTED))
    if times is None:
        return None
    from kpod.preflight.remaining import seconds_left  # here: for runs at work alone

    done = {name: record.seconds for name, record in run.state.stages.items()}
    whole = job.total / job.rate if job.total and job.rate else None
    return seconds_left(times, done, job.stage, job.seconds_left, whole)


@st.cache_data(max_entries=16, show_spinner=False)
def _estimated(folder: str, config: str, counted: bool) -> tuple[StageTime, ...] | None:
    """Kept, so that a look every second costs nothing."""
    from kpod import preflight
    from kpod.preflight.remaining import stage_times

    try:
        run = load_run(Path(folder))
        others = [other for other in list_runs(runs_folder()) if other.folder.name != run.folder.name]
        times = stage_times(run.config, run, others[:RUNS_TO_LEARN_FROM]) if counted else None
        if times is None:
            found = preflight.check(run.config).estimates
            times = None if found is None else found.stages
    except InputError:  # deleted meanwhile, or of a method that there is not
        return None
    return times


def _where(job: JobState) -> str:
    """How far the stage at work is, as Markdown: what a run calls its stage and unit may be anybody's text."""
    if job.stopping:
        return "Stopping at the next step; what is done stays."
    if job.status == "queued":
        if not job.place:
            return "Starting…"
        turn = "next in the queue" if job.place == 1 else f"number {job.place} in the queue"
        return f"Waiting for {job.device}: {turn}. It starts by itself when the run before it ends."
    stage, unit = for_markdown(job.stage or "Starting", 60), for_markdown(job.unit, 30)
    if not job.total:
        return f"{stage}…"
    parts = [f"{stage}: {job.step or 0:,} of {job.total:,} {unit}".strip()]
    if job.rate:
        parts.append(f"{job.rate:.3g} {unit or 'units'} a second")
    if job.seconds_left is not None:
        parts.append(f"{format_seconds(job.seconds_left)} left in this stage")
    if job.memory_bytes:
        parts.append(f"{job.memory_bytes / 1e9:.2f} GB of memory")
    if job.silent_seconds and job.silent_seconds > SILENT_SECONDS:
        parts.append(f"silent for {format_seconds(job.silent_seconds)}")
    return " · ".join(parts)


def _share(job: JobState) -> float:
    known = job.status == "running" and job.total
    return min(1.0, max(0.0, (job.step or 0) / job.total)) if known else 0.0
