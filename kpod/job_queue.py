"""The queue of a device: runs wait in the order in which they were started, and one at a time has the device.

A ticket is a small file that names a run; a device is held by a lock that the system frees when its holder ends. All
lies in `.queue` in the folder of runs, so every process sees the same queue, and none has to be alive to keep it.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from kpod.artefacts import disk_errors, write_whole
from kpod.errors import InputError
from kpod.run_lock import is_alive, is_file_locked, take_lock

QUEUE = ".queue"
PATIENCE_SECONDS = 10.0  # a ticket is taken in milliseconds
SECONDS_BETWEEN_LOOKS = 0.3


def take_ticket(runs: Path, device: str, run: str) -> None:
    """Stand at the end of a device's queue; `run` is the name of a folder in `runs`. A run stands in it once."""
    folder = _tickets(runs, device)
    with disk_errors("a ticket of the queue", runs):
        folder.mkdir(parents=True, exist_ok=True)
        guard = take_lock(folder / "guard", PATIENCE_SECONDS)
    if guard is None:
        raise InputError(f"The queue in {folder} is held by another process. End that, then try again.")
    try:
        leave(runs, device, run)
        last = max((int(path.stem) for path in folder.glob("*.json")), default=0)
        write_whole(folder / f"{last + 1:08d}.json", json.dumps(run).encode())
    finally:
        os.close(guard)


def leave(runs: Path, device: str, run: str) -> None:
    """Go out of the queue; nothing happens where the run is not in it."""
    for path, name in _in_order(runs, device):
        if name == run:
            path.unlink(missing_ok=True)


def waiting(runs: Path, device: str) -> list[str]:
    """Names of the run folders that wait for a device, the next one first; runs whose process is gone are passed over.

    A run has its ticket until it gets the device, so the run at work is not among them.
    """
    return [name for _, name in _in_order(runs, device) if is_alive(runs / name)]


def place(runs: Path, device: str, run: str) -> int | None:
    """The place of a run in the queue, 1 for the next; None where it does not wait."""
    names = waiting(runs, device)
    return names.index(run) + 1 if run in names else None


def is_held(runs: Path, device: str) -> bool:
    """Whether a run out of the queue has the device; looking takes it from nobody."""
    return is_file_locked(_tickets(runs, device) / "device.lock")


def devices(runs: Path) -> list[str]:
    """The devices that have, or had, a queue."""
    folder = runs / QUEUE
    names = sorted(path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
    return [name.replace("-", ":") for name in names]


def find(runs: Path, run: str) -> tuple[str, int] | None:
    """The device that a run waits for and its place, 1 for the next; None where it does not wait."""
    for device in devices(runs):
        position = place(runs, device, run)
        if position is not None:
            return device, position
    return None


@contextmanager
def turn(runs: Path, device: str, run: str, at_each_look: Callable[[int], None]) -> Iterator[None]:
    """Wait for a device and hold it while inside; `at_each_look` gets the place, and may raise to wait no longer."""
    descriptor = None
    try:
        while descriptor is None:
            position = _place(runs, device, run)
            if position is None:  # it never stood there, or was taken out by hand
                take_ticket(runs, device, run)
                continue
            if position == 1:
                descriptor = take_lock(_tickets(runs, device) / "device.lock")
            if descriptor is None:
                at_each_look(position)
                time.sleep(SECONDS_BETWEEN_LOOKS)
        leave(runs, device, run)
        yield
    finally:
        leave(runs, device, run)
        if descriptor is not None:
            os.close(descriptor)


def _place(runs: Path, device: str, run: str) -> int | None:
    """Its own place, as the run itself sees it: it lives."""
    names = [name for _, name in _in_order(runs, device) if name == run or is_alive(runs / name)]
    return names.index(run) + 1 if run in names else None


def _tickets(runs: Path, device: str) -> Path:
    return runs / QUEUE / device.replace(":", "-")


def _in_order(runs: Path, device: str) -> list[tuple[Path, str]]:
    found = []
    for path in sorted(_tickets(runs, device).glob("*.json")):
        try:
            name = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):  # it has just been given up, or is no ticket
            continue
        if isinstance(name, str) and Path(name).name == name:
            found.append((path, name))
    return found
