"""How a run stands at this moment, from its folder alone: queued, at work, ended, or died without a word. No torch."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kpod import job_queue
from kpod.run_lock import is_alive
from kpod.run_process import memory_bytes, read_record
from kpod.run_store import Run, RunState, list_runs, read_state

CANCEL = "cancel"
TERMINAL = "terminal.txt"
LIVE = ("queued", "running")
LINES_OF_THE_LOG = 12
TAIL_BYTES = 64_000


@dataclass(frozen=True)
class JobState:
    """What does not apply is None.

    `status`: created, queued, running, finished, cancelled, failed, or died: its process is gone and said no why.
    `device` and `place` of a queued run: 1 for the next, 0 for one that has its device and is starting. `stage`,
    `step` of `total` and `unit` are of the pipeline's stage at work; `rate` in units a second; `seconds_left` of this
    stage. `silent_seconds`: since it last wrote its state. `memory_bytes`: resident, of its process with all that it
    started. `stopping`: a cancel was asked for and the process still lives. `log_lines`: the last ones, of a run that
    failed or died.
    """

    status: str
    device: str | None = None
    place: int | None = None
    stage: str | None = None
    step: int | None = None
    total: int | None = None
    unit: str = ""
    rate: float | None = None
    seconds_left: float | None = None
    silent_seconds: float | None = None
    memory_bytes: int | None = None
    stopping: bool = False
    error: str | None = None
    log_lines: tuple[str, ...] = ()

    @property
    def live(self) -> bool:
        """Whether its process works or waits for its device."""
        return self.status in LIVE


def state(run: Run) -> JobState:
    """How the run stands now; its folder is read afresh. Raises InputError where that is gone or damaged."""
    folder = run.folder
    found, alive = read_alive(folder)
    if found.status not in LIVE:
        lines = tuple(log_tail(run, LINES_OF_THE_LOG)) if found.status == "failed" else ()
        return JobState(found.status, error=found.error, log_lines=lines)
    asked = (folder / CANCEL).is_file()
    if not alive:  # one that was asked to stop was ended after its time of grace
        return JobState("cancelled") if asked else JobState("died", log_lines=tuple(log_tail(run, LINES_OF_THE_LOG)))
    memory = memory_bytes(read_record(folder))
    if found.status == "queued":
        device, place = job_queue.find(folder.parent, folder.name) or (None, 0)
        return JobState("queued", device, place, memory_bytes=memory, stopping=asked)
    progress: dict[str, Any] = found.progress or {}
    return JobState(
        "running",
        stage=progress.get("stage"),
        step=progress.get("done"),
        total=progress.get("total"),
        unit=progress.get("unit", ""),
        rate=progress.get("rate"),
        seconds_left=progress.get("seconds_left"),
        silent_seconds=_age_seconds(folder / "run.json"),
        memory_bytes=memory,
        stopping=asked,
    )


def read_alive(folder: Path) -> tuple[RunState, bool]:
    """What run.json says, and whether a process is there for it.

    A run that ends writes how before its process goes, and one that is started again is there before it writes: so
    where no process is seen beside `queued` or `running`, both are looked at again until they agree.
    """
    found = read_state(folder)
    while found.status in LIVE and not is_alive(folder):
        again = read_state(folder)
        if again == found and not is_alive(folder):
            return found, False
        found = again
    return found, found.status in LIVE


def log_tail(run: Run, lines: int = 20) -> list[str]:
    """The last lines of the run's log, and after them what its process put out and no log has: a traceback, say."""
    logged = _tail(run.folder / "log.txt")
    said = _tail(run.folder / TERMINAL)
    if logged:
        last = logged[-1].partition(" ")[2]  # without its time
        at = max((number for number, line in enumerate(said) if line == last), default=None)
        said = said[at + 1 :] if at is not None else []
    return (logged + said)[-lines:] if lines > 0 else []


def running(runs: Path | None = None) -> list[Run]:
    """The runs of a folder whose processes work or wait, newest first."""
    return [run for run in list_runs(runs) if run.state.status in LIVE and is_alive(run.folder)]


def _tail(path: Path) -> list[str]:
    if not path.is_file():
        return []
    with open(path, "rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - TAIL_BYTES))
        text = file.read().decode("utf-8", errors="replace")
    lines = text.splitlines()
    return lines[1:] if size > TAIL_BYTES else lines


def _age_seconds(path: Path) -> float | None:
    try:
        return max(0.0, time.time() - path.stat().st_mtime)
    except OSError:
        return None
