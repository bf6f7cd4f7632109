"""How far a generation is: a file that others read, and whoever shows it here."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from kpod.artefacts import write_whole
from kpod.progress import TimeLeft

SECONDS_BETWEEN_WRITES = 1.0
Status = Literal["running", "finished", "finished with failures", "stopped", "cost limit", "failed"]


@dataclass
class TeachState:
    """What stands in `FILE.progress.json`. `done` counts answers of earlier sittings too, and samples not needed."""

    status: Status = "running"
    done: int = 0
    failed: int = 0
    total: int = 0
    unit: str = "answers"
    requests: int = 0
    retries: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float | None = None
    cost_limit: float | None = None
    seconds_left: float | None = None
    last_error: str | None = None
    process: int = 0
    updated_at: str = ""


class TeachProgress:
    """Keeps the state, writes the file at most once a second and at every change of status."""

    def __init__(self, path: Path, show: Callable[[TeachState], None] = lambda state: None):
        self.path = path
        self.state = TeachState(process=os.getpid())
        self._show = show
        self._time_left = TimeLeft(0)
        self._last_write = float("-inf")

    def start(self, total: int, done: int, cost: float | None, cost_limit: float | None) -> None:
        self.state.total, self.state.done = total, done
        self.state.cost, self.state.cost_limit = cost, cost_limit
        self._time_left = TimeLeft(total, done)
        self._write()

    def advance(self, *, failed: bool = False, worked: bool = True) -> None:
        """One sample more is answered or given up; one that was not needed tells nothing about the pace."""
        if failed:
            self.state.failed += 1
        else:
            self.state.done += 1
        if worked:
            self._time_left.advance(1)
        else:
            self._time_left.total -= 1
        self.changed()

    def changed(self) -> None:
        """Show the state, and write it where the last writing is long enough ago."""
        self.state.seconds_left = self._time_left.seconds()
        if time.monotonic() - self._last_write >= SECONDS_BETWEEN_WRITES:
            self._write()
        self._show(self.state)

    def end(self, status: Status, error: str | None = None) -> None:
        self.state.status = status
        self.state.seconds_left = 0.0 if status.startswith("finished") else None
        self.state.last_error = error or self.state.last_error
        self._write()
        self._show(self.state)

    def _write(self) -> None:
        self._last_write = time.monotonic()
        self.state.updated_at = now()
        write_whole(self.path, json.dumps(asdict(self.state), indent=1).encode("ascii"))


def now() -> str:
    """The time as files have it: UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")
