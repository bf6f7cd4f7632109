"""How long work reports itself: progress with time left, log lines, metrics, and the wish to stop. No torch."""

from __future__ import annotations

import time
from typing import Any


class Reporter:
    """Takes what long work reports. This one is silent; a run's reporter writes it down and prints it."""

    def start(self, stage: str, total: int, done: int = 0, unit: str = "") -> None:
        """A stage begins with `total` units of work, `done` of them from before a resume."""

    def advance(self, amount: int = 1) -> None:
        """So many more units are done."""

    def log(self, message: str) -> None:
        """A line for the log."""

    def warn(self, message: str) -> None:
        """Something that the user must see wherever the results are shown."""

    def metrics(self, row: dict[str, Any]) -> None:
        """One logged step: stage, step, epoch and its figures."""

    def flush(self) -> None:
        """Write what is held back: a checkpoint counts only with all metrics up to it."""

    def cancelled(self) -> bool:
        """Whether somebody asked for a stop; long work asks at every step and stops at a checkpoint."""
        return False


class TimeLeft:
    """Seconds left, from the rate since this process began the stage: work of before a resume has no rate here."""

    def __init__(self, total: int, done: int = 0):
        self.total = total
        self.done = done
        self._done_at_start = done
        self._start = time.monotonic()

    def advance(self, amount: int) -> None:
        self.done += amount

    def rate(self) -> float | None:
        """Units a second; None until something has been done."""
        worked, seconds = self.done - self._done_at_start, time.monotonic() - self._start
        return worked / seconds if worked > 0 and seconds > 0 else None

    def seconds(self) -> float | None:
        """None until something has been done."""
        rate = self.rate()
        return None if rate is None else max(0, self.total - self.done) / rate


def format_seconds(seconds: float) -> str:
    """`42 s`, `3 min 05 s` or `2 h 10 min`."""
    seconds = round(seconds)
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60:02d} s"
    return f"{seconds // 3600} h {seconds % 3600 // 60:02d} min"
