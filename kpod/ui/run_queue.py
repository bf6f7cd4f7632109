"""The queue for all to see: who has each device, who waits for it in which order, and where a new run would stand."""

from __future__ import annotations

import streamlit as st

from kpod import job_state
from kpod.charts.text import for_html, for_markdown
from kpod.config import RunConfig
from kpod.device_queues import DeviceQueue, Entry, device_of, device_queues, queue_of
from kpod.preflight.remaining import TimeLeft
from kpod.run_store import runs_folder
from kpod.ui import address, reads
from kpod.ui.run_at_work import time_left
from kpod.ui.time_range import time_range

SECONDS_BETWEEN_LOOKS = 2.0
MOST_SHOWN = 12  # of those that wait for one device
_WISH = "run wished for in the queue"
ORDINALS = ("next", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")


def queue_panel(chosen: str) -> None:
    """Every device with its runs, each a button but the `chosen` one; kept fresh while any run works or waits."""

    @st.fragment(run_every=_interval())
    def panel() -> None:
        if _WISH in st.session_state:
            st.rerun()  # the whole page, not this part alone
        for queue in _queues().values():
            _device(queue, chosen)

    panel()


def take_wish() -> None:
    """Make the run of the last click in the queue the chosen one; before the choice of a run is drawn."""
    wanted = st.session_state.pop(_WISH, None)
    if wanted in reads.all_runs().runs:
        st.session_state["run"] = wanted
        address.write(run=wanted)


def _wish(key: str) -> None:
    """Kept apart from the choice of a run: the next look of this page may still carry the old choice and undo it."""
    st.session_state[_WISH] = key


def queue_hint(config: RunConfig) -> None:
    """Where a run of this configuration would stand if it were started now."""

    @st.fragment(run_every=_interval())
    def hint() -> None:
        device = device_of(config.student.device)
        queue = queue_of(device, _queues(), runs_folder())
        st.html(f'<p class="kp-expect kp-queue-hint">{for_html(place_in_words(queue))}</p>')

    hint()


def place_in_words(queue: DeviceQueue) -> str:
    """Where a new run would stand: `starts at once`, or its place and whom it stands behind."""
    place, last = queue.place_of_a_new_run, queue.last
    if place:
        behind = f", behind “{_short(last)}”" if last is not None else ""
        return f"{ordinal(place)} in the queue for {queue.device}{behind}"
    if queue.at_work:
        return f"starts at once on {queue.device}, beside “{_short(queue.at_work[0])}”, which is in no queue"
    return f"starts at once on {queue.device}"


def ordinal(place: int) -> str:
    return ORDINALS[place - 1] if place <= len(ORDINALS) else f"number {place}"


def _short(entry: Entry) -> str:
    name = entry.run.name
    return name if len(name) <= 40 else f"{name[:39].rstrip()}…"


def _interval() -> float | None:
    """How often to look: not at all where nobody works or waits, for then only a click here can change that."""
    live = any(run.state.status in job_state.LIVE for run in reads.all_runs().runs.values())
    return SECONDS_BETWEEN_LOOKS if live else None


def _queues() -> dict[str, DeviceQueue]:
    return device_queues(reads.all_runs().runs.items(), runs_folder())


def _device(queue: DeviceQueue, chosen: str) -> None:
    """One device: a line a run, with the time until it ends or begins."""
    with st.container(border=True, key=f"queue-{queue.device.replace(':', '-')}", gap=None):
        waiting = len(queue.waiting)
        told = "nobody waits" if not waiting else f"{waiting} wait" if waiting > 1 else "1 waits"
        st.html(f'<p class="kp-queue-head"><b>Queue for {for_html(queue.device)}</b> <span>{told}</span></p>')
        before: TimeLeft | None = TimeLeft(0.0, 0.0, 0.0, False)
        for entry in queue.at_work:
            left = time_left(entry.run, entry.job)
            before = _after(before, left)
            _line("◐", entry, chosen, _at_work(entry, left))
        for place, entry in enumerate(queue.waiting[:MOST_SHOWN], start=1):
            takes = time_left(entry.run, entry.job)
            starts = f"starts in about {time_range(before.low, before.high)}" if before and before.high else ""
            lasts = f"takes about {time_range(takes.low, takes.high)}" if takes else ""
            _line(str(place), entry, chosen, " · ".join(part for part in ("waits", starts, lasts) if part))
            before = _after(before, takes)
        if waiting > MOST_SHOWN:
            st.html(f'<p class="kp-queue-line">and {waiting - MOST_SHOWN:,} more behind these</p>')


def _after(before: TimeLeft | None, own: TimeLeft | None) -> TimeLeft | None:
    """When a run ends that begins after `before`; None where either is unknown."""
    if before is None or own is None:
        return None
    return TimeLeft(
        before.seconds + own.seconds, before.low + own.low, before.high + own.high, before.measured and own.measured
    )


def _at_work(entry: Entry, left: TimeLeft | None) -> str:
    job = entry.job
    if job.stopping:
        return "stopping"
    if job.status == "queued":
        return "starting"
    where = job.stage or "starting"
    if job.total:
        where += f" {100 * min(1.0, (job.step or 0) / job.total):.0f}%"
    return f"{where} · about {time_range(left.low, left.high)} left" if left else where


def _line(mark: str, entry: Entry, chosen: str, text: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.html(f'<span class="kp-queue-mark">{for_html(mark)}</span>', width="content")
        if entry.key == chosen:
            st.html(f'<b class="kp-queue-name">{for_html(entry.run.name, 60)} (shown here)</b>', width="content")
        else:
            st.button(
                for_markdown(entry.run.name, 60),
                key=f"queue-of-{entry.key}",
                type="tertiary",
                help="Show this run",
                on_click=_wish,
                args=(entry.key,),
            )
        st.html(f'<span class="kp-queue-text">{for_html(text, 160)}</span>', width="content")
