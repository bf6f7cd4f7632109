"""Metrics as TensorBoard events beside a run's own `metrics.jsonl`: `tensorboard --logdir RUN/tensorboard`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kpod.errors import InputError
from kpod.progress import Reporter

AXES = ("stage", "step")


class TensorBoardReporter(Reporter):
    """Passes everything on, and writes every number of a metrics row as the scalar `STAGE/NAME` at its step.

    After a resume, events of steps that are trained again are purged, as TensorBoard knows it.
    """

    def __init__(self, inner: Reporter, folder: Path):
        self.inner, self.folder = inner, folder
        self.log, self.warn = inner.log, inner.warn  # type: ignore[method-assign]
        self.advance, self.cancelled = inner.advance, inner.cancelled  # type: ignore[method-assign]
        self._writer: Any = None

    def start(self, stage: str, total: int, done: int = 0, unit: str = "") -> None:
        self.inner.start(stage, total, done, unit)
        if self._writer is None:
            try:
                from torch.utils.tensorboard import SummaryWriter
            except ImportError as error:
                raise InputError(
                    "distillation.tensorboard is on, and the package tensorboard is not installed. Install it with "
                    "pip install tensorboard, or set distillation.tensorboard=false."
                ) from error
            # The first event of a purged step is the one after those that a checkpoint stands for.
            self._writer = SummaryWriter(str(self.folder), purge_step=done + 1 if self.folder.is_dir() else None)

    def metrics(self, row: dict[str, Any]) -> None:
        self.inner.metrics(row)
        for name, value in row.items():
            if name not in AXES:
                self._writer.add_scalar(f"{row['stage']}/{name}", value, row["step"])

    def flush(self) -> None:
        self.inner.flush()
        if self._writer is not None:
            self._writer.flush()


def with_tensorboard(reporter: Reporter, folder: Path) -> TensorBoardReporter:
    """The reporter, with its metrics in `folder` as TensorBoard events too."""
    return TensorBoardReporter(reporter, folder)
