"""Metrics as TensorBoard events beside a run's own `metrics.jsonl`: `tensorboard --logdir RUN/tensorboard`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kpod.progress import Reporter

AXES = ("stage", "step")
FLUSH_SECONDS = 10.0  # how far what TensorBoard shows may be behind


def events_folder(run: Path, stage: str) -> Path:
    """Where the events of a pipeline stage lie in a run's folder."""
    return run / "tensorboard" / stage


@contextmanager
def with_tensorboard(reporter: Reporter, folder: Path) -> Iterator[TensorBoardReporter]:
    """The reporter, with its metrics in `folder` as TensorBoard events too."""
    both = TensorBoardReporter(reporter, folder)
    try:
        yield both
    finally:
        both.close()


class TensorBoardReporter(Reporter):
    """Passes everything on, and writes every number of a metrics row as the scalar `STAGE/NAME` at its step.

    After a resume, events of steps that are trained again are purged, as TensorBoard knows it: of all events in the
    folder, so every stage has one of its own. They are a copy: where they cannot be written, the work goes on.
    """

    def __init__(self, inner: Reporter, folder: Path):
        self.inner, self.folder = inner, folder
        self.log, self.warn = inner.log, inner.warn  # type: ignore[method-assign]
        self.advance, self.cancelled = inner.advance, inner.cancelled  # type: ignore[method-assign]
        self._writer: Any = None
        self._given_up = False

    def start(self, stage: str, total: int, done: int = 0, unit: str = "") -> None:
        self.inner.start(stage, total, done, unit)
        if self._writer is not None or self._given_up:
            return
        try:
            from torch.utils.tensorboard import SummaryWriter

            # The first event of a purged step is the one after those that a checkpoint stands for.
            purge_step = done + 1 if self.folder.is_dir() else None
            self._writer = SummaryWriter(str(self.folder), purge_step=purge_step, flush_secs=FLUSH_SECONDS)
        except (ImportError, OSError) as error:
            self._give_up(error)

    def metrics(self, row: dict[str, Any]) -> None:
        self.inner.metrics(row)
        if self._writer is None:
            return
        try:
            for name, value in row.items():
                if name not in AXES and isinstance(value, int | float):
                    self._writer.add_scalar(f"{row['stage']}/{name}", value, row["step"])
        except OSError as error:
            self._give_up(error)

    def flush(self) -> None:
        self.inner.flush()
        self._write_out("flush")

    def close(self) -> None:
        """Write what is held back of the events, and no more after it."""
        self._write_out("close")
        self._writer = None

    def _write_out(self, how: str) -> None:
        try:
            if self._writer is not None:
                getattr(self._writer, how)()
        except OSError as error:
            self._give_up(error)

    def _give_up(self, error: Exception) -> None:
        self._writer, self._given_up = None, True
        self.log(f"No TensorBoard events from here on ({error}); metrics.jsonl has the same figures.")
