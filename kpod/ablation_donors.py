"""The other runs of an ablation as donors of finished stages, while other processes make some of them. No torch."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kpod.ablation_store import Ablation
from kpod.artefacts import disk_errors
from kpod.errors import RunCancelled
from kpod.progress import Reporter
from kpod.run_store import Run, load_run, read_state
from kpod.stage_cache import StageInputs
from kpod.stage_sharing import Donors

TURNS = "turns"
"""A file that stays empty: its bytes, one for each artefact, are what processes lock."""

SECONDS_BETWEEN_LOOKS = 0.2


class AblationDonors(Donors):
    """Runs of an ablation, each looked at again where it has changed; no two processes make the same artefact."""

    def __init__(self, ablation: Ablation, own: Path | None = None, known: dict[Path, tuple[int, Run]] | None = None):
        self._ablation, self._own = ablation, own
        self._known = known if known is not None else {}

    def beside(self, folder: Path) -> AblationDonors:
        """All but the run in `folder`, which is the one to give to."""
        return AblationDonors(self._ablation, folder, self._known)

    def runs(self) -> list[Run]:
        """In the order of the matrix. Raises InputError where one is damaged."""
        folders = [cell.folder for cell in self._ablation.matrix() if cell.folder != self._own]
        return [run for folder in folders if (run := self._look(folder)) is not None]

    def _look(self, folder: Path) -> Run | None:
        try:
            changed = (folder / "run.json").stat().st_mtime_ns
        except FileNotFoundError:  # not begun
            return None
        before, run = self._known.get(folder, (0, None))
        if run is None:
            run = load_run(folder)
        elif changed != before:  # its configuration is that of the matrix, and never changes
            run = Run(folder, read_state(folder), run.config)
        self._known[folder] = (changed, run)
        return run

    @contextmanager
    def turn(self, stage: StageInputs, fingerprint: str, reporter: Reporter) -> Iterator[None]:
        """As `Donors.turn`. The system ends the turn of a process that dies; nobody waits while it has a turn."""
        folder = self._ablation.folder
        with disk_errors(TURNS, folder):
            descriptor = os.open(folder / TURNS, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            told = False
            while not _locked(descriptor, int(fingerprint[:12], 16)):
                if not told:
                    reporter.log(f"{stage.name}: another run of the ablation is making the same, waiting for it")
                    told = True
                if reporter.cancelled():
                    raise RunCancelled(f"Stopped before the stage {stage.name}.")
                time.sleep(SECONDS_BETWEEN_LOOKS)
            yield
        finally:
            os.close(descriptor)


def _locked(descriptor: int, place: int) -> bool:
    """Lock one byte of a file, which need not have it, until the file is closed; False where another process has it."""
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
    except (BlockingIOError, PermissionError):
        return False
    return True
