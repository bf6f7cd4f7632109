"""What is known of a run before it starts: what stands in its way, what it will take, and its schedule."""

from __future__ import annotations

import streamlit as st

from kpod import preflight
from kpod.charts.schedule_preview import preview_figure
from kpod.charts.text import for_html
from kpod.config import RunConfig
from kpod.errors import InputError
from kpod.preflight import Preflight
from kpod.preflight.estimate import Estimate
from kpod.progress import format_seconds
from kpod.run_store import runs_folder
from kpod.schedule_preview import preview_schedule
from kpod.ui import parts, reads
from kpod.ui.saved_figures import figure, format_choice
from kpod.ui.time_range import time_range

FRESH_SECONDS = 20  # memory, disk and files change by themselves
_MARKS = {"error": "✕", "warning": "!"}


def checked(config: RunConfig) -> Preflight:
    """The checks of a configuration, kept for a few seconds."""
    return _checked(config.to_yaml(), str(runs_folder()))


@st.cache_data(max_entries=16, ttl=FRESH_SECONDS, show_spinner=False)
def _checked(config: str, runs: str) -> Preflight:
    return preflight.check(RunConfig.from_yaml(config))


def in_a_line(verdict: Preflight) -> str:
    """What to expect, in HTML of one line."""
    errors = sum(problem.severity == "error" for problem in verdict.problems)
    if errors:
        return f"<b>✕ {errors} to mend</b>, see Checks"
    found = verdict.estimates
    warnings = len(verdict.problems)
    remark = f" · ! {warnings} to know" if warnings else ""
    if found is None:
        return f"no estimate before the data are here{remark}"
    return (
        f"<b>about {for_html(time_range(found.low_seconds, found.high_seconds))}</b> · "
        f"{found.memory_bytes / 1e9:.1f} GB of memory on {for_html(found.device)}{remark}"
    )


def _spread(low: float, high: float) -> str:
    found = time_range(low, high)
    return found if " to " in found else f"up to {found}"


def checks_panel(verdict: Preflight) -> None:
    """Every problem with what to do, and the estimate by stage."""
    items = [
        f'<li class="{each.severity}"><span class="mark" aria-label="{each.severity}">{_MARKS[each.severity]}</span>'
        f"<div><b>{for_html(each.setting)}</b> {for_html(each.what, 600)}<p>{for_html(each.do, 400)}</p></div></li>"
        for each in verdict.problems
    ]
    if verdict.ok:
        items.append(
            '<li class="ok"><span class="mark">✓</span><div>Data, student, memory and disk will do.</div></li>'
        )
    st.html(f'<ul class="kp-checks">{"".join(items)}</ul>')
    if verdict.estimates is not None:
        _estimate(verdict.estimates)


def _estimate(found: Estimate) -> None:
    data = found.data
    facts = [
        (f"{data.questions:,}", "to learn from", f"questions, of {data.steps:,} steps and {data.tokens:,} tokens"),
        (f"{data.evaluation_questions:,}", "to measure on", "questions"),
        (f"{data.steps:,}", "steps", "of the rationales to learn from"),
        (f"{data.longest:,}", "tokens at most", "tokens of the longest template text that is used"),
    ]
    parts.figures(facts)
    rows = "".join(
        f'<tr><th scope="row">{for_html(each.stage)}</th><td class="kp-number">{format_seconds(each.seconds)}</td>'
        f'<td class="kp-number">{for_html(_spread(each.low, each.high))}</td></tr>'
        for each in found.stages
    )
    st.html(
        '<table class="kp-stages kp-estimate"><thead><tr><th>stage</th><th>about</th><th>range</th></tr></thead>'
        f"<tbody>{rows}</tbody></table>"
        f'<p class="kp-quiet kp-small">{for_html(_footnote(found))}</p>'
    )


def _footnote(found: Estimate) -> str:
    free = "" if found.free_memory_bytes is None else f", {found.free_memory_bytes / 1e9:.1f} GB free"
    text = (
        f"Time by {found.basis}. Memory {found.memory_bytes / 1e9:.1f} to {found.memory_high_bytes / 1e9:.1f} GB on "
        f"{found.device}{free}. Disk {found.disk_bytes / 1e9:.2f} GB, {found.free_disk_bytes / 1e9:.0f} GB free."
    )
    if found.download_bytes:
        text += f" The student is downloaded first: about {found.download_bytes / 1e9:.2f} GB."
    return text


def schedule_panel(config: RunConfig, verdict: Preflight | None) -> None:
    """D(t) and the steps that each stage supervises, before anything has run."""
    num_steps = verdict.estimates.data.steps if verdict and verdict.estimates else None
    try:
        preview = preview_schedule(config, list(reads.all_runs().runs.values()), num_steps)
    except InputError as error:
        parts.notice("info", "No preview of this schedule", str(error))
        return
    drawn = preview_figure(preview.budgets, preview.supervised, preview.steps, preview.num_steps)
    figure(drawn, "schedule-preview")
    format_choice()
    after = config.distillation.epochs - preview.num_stages
    text = f"{preview.num_stages} stages, then {after} epochs on whole rationales. " if after > 0 else ""
    if preview.basis is not None:
        text += f"From the difficulties that the run “{preview.basis.name}” rated on the same data."
    else:
        text += "By the formula of D(t), steps as if all were equally hard: no run has rated these steps yet."
    st.html(f'<p class="kp-quiet kp-small">{for_html(text)}</p>')
    if preview.warnings:
        parts.notice("warning", "This schedule warns", "\n".join(preview.warnings))
