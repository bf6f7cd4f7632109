"""The files beside the one that a generation writes; what each holds stands in `kpod/teaching/__init__.py`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class TeachFiles:
    """The written file, and its companions by name."""

    out: Path

    @property
    def journal(self) -> Path:
        return self._beside("journal")

    @property
    def progress(self) -> Path:
        return self._beside("progress.json")

    @property
    def cancel(self) -> Path:
        return self._beside("cancel")

    @property
    def lock(self) -> Path:
        return self._beside("lock")

    def journal_aside(self) -> Path:
        """A free name for a journal that is set aside."""
        number = 1
        while self._beside(f"journal.{number}").exists():
            number += 1
        return self._beside(f"journal.{number}")

    def _beside(self, ending: str) -> Path:
        return self.out.with_name(f"{self.out.name}.{ending}")
