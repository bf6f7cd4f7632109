"""The lock of a run folder: one process works on a run, any number read it. No torch."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from kpod.artefacts import disk_errors
from kpod.errors import InputError

LOCK = "lock"
PATIENCE_SECONDS = 1.0  # a reader that asks whether the run is alive takes the lock for a moment


@contextmanager
def hold(folder: Path) -> Iterator[None]:
    """Hold the run in `folder` for this process; the system lets go of it when the process ends, however it ends.

    Raises InputError where another process holds it, or the folder cannot be written.
    """
    lock = FileLock(folder / LOCK)
    with disk_errors(LOCK, folder):
        try:
            lock.acquire(timeout=PATIENCE_SECONDS)
        except Timeout:
            raise InputError(f"The run in {folder} is running in another process. Wait for it or cancel it.") from None
    try:
        yield
    finally:
        lock.release()


def is_locked(folder: Path) -> bool:
    """Whether a living process holds the run."""
    if not (folder / LOCK).is_file() or not os.access(folder / LOCK, os.W_OK):
        return False
    lock = FileLock(folder / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    lock.release()
    return False
