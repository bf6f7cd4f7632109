"""Which process works on a run: written down so that no other is taken for it, and ended with all it started."""

from __future__ import annotations

import json
import os
import platform
import signal
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from kpod.artefacts import write_whole

RECORD = "process.json"
STARTING_SECONDS = 30.0  # to start a process and write down its id takes milliseconds
CLOCK_SLACK_SECONDS = 2.0  # the system tells when a process began by a clock that may be set meanwhile


@dataclass(frozen=True)
class ProcessRecord:
    """A process by more than its id, which the system gives to others later: when it began, on which boot and host.

    `starting`: it has been started, or is about to be (then without an id), and does not hold the run's lock yet.
    """

    pid: int | None
    began: float | None
    boot: str
    host: str
    starting: bool
    written: float


def record_of(pid: int | None = None, *, starting: bool = False) -> ProcessRecord:
    """The record of a process that lives, or with no id of one that is about to be started."""
    began = None
    if pid is not None:
        with suppress(psutil.Error):
            began = psutil.Process(pid).create_time()
    return ProcessRecord(pid, began, boot_id(), platform.node(), starting, time.time())


def boot_id() -> str:
    """Names this boot of the machine."""
    path = Path("/proc/sys/kernel/random/boot_id")
    return path.read_text().strip() if path.is_file() else str(round(psutil.boot_time()))


def write_record(folder: Path, record: ProcessRecord) -> None:
    write_whole(folder / RECORD, json.dumps(asdict(record)).encode())


def read_record(folder: Path) -> ProcessRecord | None:
    """The record in a run folder; None where there is none that can be read."""
    try:
        return ProcessRecord(**json.loads((folder / RECORD).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def living_process(record: ProcessRecord | None) -> psutil.Process | None:
    """The very process of a record, where it lives on this machine; a zombie does not live."""
    if record is None or record.pid is None or record.began is None:
        return None
    if (record.boot, record.host) != (boot_id(), platform.node()):
        return None
    with suppress(psutil.Error):
        process = psutil.Process(record.pid)
        same = abs(process.create_time() - record.began) <= CLOCK_SLACK_SECONDS
        if same and process.status() != psutil.STATUS_ZOMBIE:
            return process
    return None


def is_starting(record: ProcessRecord | None) -> bool:
    """Whether a process has been started for the run and may yet take its lock."""
    if record is None or not record.starting:
        return False
    if record.pid is None or record.host != platform.node():
        return 0 <= time.time() - record.written < STARTING_SECONDS
    return living_process(record) is not None


def memory_bytes(record: ProcessRecord | None) -> int | None:
    """Resident memory of the process and all that it started; None where it is gone."""
    process = living_process(record)
    if process is None:
        return None
    total = 0
    for each in _tree(process):
        with suppress(psutil.Error):
            total += each.memory_info().rss
    return total or None


def end_tree(record: ProcessRecord | None, *, term_seconds: float = 5.0) -> bool:
    """End the process and all that it started: SIGTERM, and SIGKILL to what lives after `term_seconds`.

    Only the very process of the record is touched, never another that has its id now. Whether there was one.
    """
    process = living_process(record)
    if process is None:
        return False
    tree = _tree(process)
    _signal(process, tree, signal.SIGTERM)
    _, alive = psutil.wait_procs(tree, timeout=term_seconds)
    if alive:
        tree = list({*alive, *(_tree(process) if process in alive else ())})
        _signal(process, tree, signal.SIGKILL)
        psutil.wait_procs(tree, timeout=term_seconds)
    return True


def _tree(process: psutil.Process) -> list[psutil.Process]:
    children: list[psutil.Process] = []
    with suppress(psutil.Error):
        children = process.children(recursive=True)
    return [process, *children]


def _signal(leader: psutil.Process, tree: list[psutil.Process], number: int) -> None:
    with suppress(OSError):
        # A job leads a group of its own; a command typed into a shell may share one with who knows what.
        if os.getpgid(leader.pid) == leader.pid and leader.is_running():
            os.killpg(leader.pid, number)
    for each in tree:
        with suppress(psutil.Error):
            each.send_signal(number)
