"""What a run's work reports goes into its folder and onto a terminal; a wish to stop comes from either."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO

from kpod.progress import Reporter, TimeLeft, format_seconds
from kpod.run_store import Run

SECONDS_BETWEEN_WRITES = 1.0
METRICS_AT_ONCE = 20
STOPPING = b"\nStopping at the next step; press Ctrl-C again to stop at once.\n"


class RunReporter(Reporter):
    """Progress into `run.json`, metrics into `metrics.jsonl`, lines into `log.txt`, all of it onto `stream` too.

    A stop is wished for by a file `cancel` in the run folder, or by SIGINT or SIGTERM inside `signals()`.
    """

    def __init__(self, run: Run, stream: TextIO | None = None):
        self.run = run
        self.stream = stream if stream is not None else sys.stderr
        self._live = self.stream.isatty()
        self._stage = ""
        self._unit = ""
        self._time_left = TimeLeft(0)
        self._last_write = 0.0
        self._rows: list[dict[str, Any]] = []
        self._stop = False
        self.stage_warnings: list[str] = []  # of the stage at work; the pipeline empties it

    def start(self, stage: str, total: int, done: int = 0, unit: str = "") -> None:
        self.flush()
        self.run.drop_metrics(stage, after_step=done)
        self._stage, self._unit, self._time_left = stage, unit, TimeLeft(total, done)
        self._write_progress()

    def advance(self, amount: int = 1) -> None:
        self._time_left.advance(amount)
        if time.monotonic() - self._last_write >= SECONDS_BETWEEN_WRITES:
            self._write_progress()

    def log(self, message: str) -> None:
        self._clear_line()
        print(message, file=self.stream, flush=True)
        self.run.append_log(message)

    def warn(self, message: str) -> None:
        self.stage_warnings.append(message)
        if message not in self.run.state.warnings:
            self.run.update(warnings=[*self.run.state.warnings, message])
        self.log(f"WARNING: {message}")

    def metrics(self, row: dict[str, Any]) -> None:
        self._rows.append(row)
        if len(self._rows) >= METRICS_AT_ONCE:
            self.flush()

    def cancelled(self) -> bool:
        if not self._stop and (self.run.folder / "cancel").is_file():
            self._stop = True
        if self._stop:
            self.flush()
        return self._stop

    def flush(self) -> None:
        if self._rows:
            self.run.append_metrics(self._rows)
            self._rows = []
        self._clear_line()

    @contextmanager
    def signals(self) -> Iterator[None]:
        """The first SIGINT or SIGTERM asks for a stop at the next step; a second SIGINT interrupts at once."""

        def ask(number: int, frame: Any) -> None:
            if self._stop and number == signal.SIGINT:
                raise KeyboardInterrupt
            self._stop = True
            # Not by print: the signal may have come in the middle of one.
            with suppress(OSError, ValueError):  # no terminal, or a stream without a file
                os.write(self.stream.fileno(), STOPPING)

        previous = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)

    def _write_progress(self) -> None:
        self._last_write = time.monotonic()
        seconds = self._time_left.seconds()
        done, total = self._time_left.done, self._time_left.total
        self.run.update(
            progress={
                "stage": self._stage,
                "done": done,
                "total": total,
                "unit": self._unit,
                "seconds_left": seconds,
                "rate": self._time_left.rate(),
            }
        )
        if self._live:
            left = "" if seconds is None else f", {format_seconds(seconds)} left"
            print(f"\r\x1b[2K{self._stage}: {done} of {total} {self._unit}{left}", end="", file=self.stream, flush=True)

    def _clear_line(self) -> None:
        if self._live:
            print("\r\x1b[2K", end="", file=self.stream, flush=True)
