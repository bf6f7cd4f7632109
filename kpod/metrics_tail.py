"""The lines of a growing `metrics.jsonl`, each read and parsed once however often one looks. No torch."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from typing import Any


class MetricsTail:
    """What a run logged, by pipeline stage. A file that was rewritten (a resume drops lines) is read from its start."""

    def __init__(self, path: Path):
        self.path = path
        self._lock = threading.Lock()  # two tabs may look at once
        self._forget()

    def _forget(self) -> None:
        self._inode = 0
        self._offset = 0
        self._rows: dict[str, list[dict[str, Any]]] = {}

    def rows(self) -> dict[str, list[dict[str, Any]]]:
        """The rows of every stage so far, in order; a line that is still being written is left for the next look."""
        with self._lock:
            try:
                with open(self.path, "rb") as file:
                    self._read(file)
            except FileNotFoundError:
                self._forget()
            return {stage: list(rows) for stage, rows in self._rows.items()}

    def _read(self, file: Any) -> None:
        inode, size = _identity(file)
        if inode != self._inode or size < self._offset:
            self._forget()
            self._inode = inode
        file.seek(self._offset)
        new, newline, _ = file.read().rpartition(b"\n")
        if not newline:
            return
        self._offset += len(new) + 1
        for line in new.split(b"\n"):
            try:
                row = json.loads(line)
            except ValueError:  # cut short by a crash, and written on after a resume
                continue
            if isinstance(row, dict):
                self._rows.setdefault(str(row.get("stage")), []).append(row)


def _identity(file: Any) -> tuple[int, int]:
    status = os.fstat(file.fileno())
    return status.st_ino, status.st_size
