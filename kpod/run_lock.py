"""The lock of a run folder: one process works on a run, any number read it. No torch."""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kpod.artefacts import disk_errors
from kpod.errors import InputError
from kpod.run_process import is_starting, read_record, record_of, write_record

LOCK = "lock"
PATIENCE_SECONDS = 1.0  # a reader that asks whether the run is alive takes the lock for a moment
SECONDS_BETWEEN_TRIES = 0.02

_held: dict[Path, int] = {}
"""The folders that this process holds, by the thread that does."""


@contextmanager
def hold(folder: Path, *, named: bool = True) -> Iterator[None]:
    """Hold the run in `folder` for this process; the system lets go of it when the process ends, however it ends.

    Who holds it may hold it once more inside. The folder's process.json names the holder, whom a cancel may end with
    all that it started; a change of a moment leaves it (`named=False`), such as a new name that the app gives. Raises
    InputError where another holds it, or the folder cannot be written.
    """
    key = folder.resolve()
    if _held.get(key) == threading.get_ident():
        yield
        return
    with disk_errors(LOCK, folder):
        descriptor = take_lock(folder / LOCK, PATIENCE_SECONDS)
    if descriptor is None:
        raise InputError(f"The run in {folder} is running in another process. Wait for it or cancel it.")
    try:
        _held[key] = threading.get_ident()
        if named:
            write_record(folder, record_of(os.getpid()))
        yield
    finally:
        _held.pop(key, None)
        os.close(descriptor)


def take_lock(path: Path, patience_seconds: float = 0.0) -> int | None:
    """An open file that is locked for this process until it is closed; None where another has it.

    Raises OSError where the file cannot be opened.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    limit = time.monotonic() + patience_seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return descriptor
        except BlockingIOError:
            if time.monotonic() >= limit:
                os.close(descriptor)
                return None
        time.sleep(SECONDS_BETWEEN_TRIES)


def is_locked(folder: Path) -> bool:
    """Whether a living process holds the run."""
    return is_file_locked(folder / LOCK)


def is_file_locked(path: Path) -> bool:
    """Whether a living process holds the lock of a file. Readers share it, so none takes another for the holder."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return False
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)


def is_alive(folder: Path) -> bool:
    """Whether a process works on the run or waits to, or has just been started for it."""
    return is_locked(folder) or is_starting(read_record(folder))
