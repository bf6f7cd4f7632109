"""Who has each device and who waits for it, in order, and where a new run would stand. No torch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from kpod import job_queue, job_state
from kpod.errors import InputError
from kpod.hardware import device_name
from kpod.job_state import JobState
from kpod.run_store import Run


@dataclass(frozen=True)
class Entry:
    """A run in a queue with how it stands; `key` is the caller's own name of it."""

    key: str
    run: Run
    job: JobState


@dataclass(frozen=True)
class DeviceQueue:
    """A device: the runs at work on it (one, unless some were started past the queue), and those that wait, in order.

    `is_held`: whether one of the queue's own has it, so that the next must wait.
    """

    device: str
    at_work: tuple[Entry, ...]
    waiting: tuple[Entry, ...]
    is_held: bool

    @property
    def place_of_a_new_run(self) -> int:
        """0 for a run that would start at once, 1 for the next in the queue, and so on."""
        return len(self.waiting) + self.is_held

    @property
    def last(self) -> Entry | None:
        """Whom a new run would wait for directly; None where it would not, or nobody knows who has the device."""
        if self.waiting:
            return self.waiting[-1]
        return self.at_work[-1] if self.is_held and self.at_work else None


def device_queues(runs: Iterable[tuple[str, Run]], root: Path) -> dict[str, DeviceQueue]:
    """The devices that runs work on or wait for, by name; `runs` are (key, run) pairs of the runs folder `root`."""
    at_work: dict[str, list[Entry]] = {}
    waiting: dict[str, list[tuple[int, Entry]]] = {}
    for key, run in runs:
        if run.state.status not in job_state.LIVE or run.folder.parent.resolve() != root.resolve():
            continue
        try:
            entry = Entry(key, run, job_state.state(run))
        except InputError:  # deleted meanwhile
            continue
        device = entry.job.device or device_of(run.config.student.device)
        if entry.job.status == "queued" and entry.job.place:
            waiting.setdefault(device, []).append((entry.job.place, entry))
        elif entry.job.live:
            at_work.setdefault(device, []).append(entry)
    return {device: _queue(root, device, at_work, waiting) for device in sorted({*at_work, *waiting})}


def queue_of(device: str, queues: dict[str, DeviceQueue], root: Path) -> DeviceQueue:
    """The queue of one device, an empty one where nobody works on it or waits."""
    return queues.get(device) or _queue(root, device, {}, {})


@lru_cache(maxsize=64)
def device_of(setting: str) -> str:
    """The device that a `student.device` means on this machine; asked every second, so the GPUs are looked for once."""
    return device_name(setting)


def _queue(
    root: Path, device: str, at_work: dict[str, list[Entry]], waiting: dict[str, list[tuple[int, Entry]]]
) -> DeviceQueue:
    in_order = sorted(waiting.get(device, []), key=lambda pair: pair[0])
    return DeviceQueue(
        device,
        tuple(at_work.get(device, ())),
        tuple(entry for _, entry in in_order),
        job_queue.is_held(root, device),
    )
