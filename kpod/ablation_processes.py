"""An ablation by several processes: this one holds its folder, hands out runs, and writes state and tables. No torch.

Every worker is a process of its own (`kpod.ablation_worker`) that gets the folder names of runs, one at a time, on its
input, and tells how each ended on its output. Its input is closed where it is to stop, and by the system where this
process dies; then it stops at the run's next checkpoint.
"""

from __future__ import annotations

import json
import os
import queue
import shutil
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

from kpod.ablation_shares import Shares
from kpod.ablation_store import CANCEL_FILE, Ablation, Cell
from kpod.ablation_tables import write_tables
from kpod.artefacts import disk_errors
from kpod.errors import InputError, RunCancelled
from kpod.hardware import usable_cores
from kpod.progress import format_seconds
from kpod.run_process import end_tree, record_of
from kpod.run_store import read_state
from kpod.teaching.stopping import StopWish

PACKAGE_ROOT = Path(__file__).resolve().parent.parent
SECONDS_BETWEEN_LOOKS = 0.5
ENDING_SECONDS = 10.0
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")
"""What the libraries of a run read how many threads they may have from."""


def check_processes(processes: int) -> None:
    """Raise InputError for a number of processes that cannot be."""
    cores = usable_cores()
    if not 1 <= processes <= cores:
        raise InputError(
            f"The number of processes is {processes}; each takes a core of its own, and {cores} can be used here. "
            f"Give 1 to {cores}."
        )


def run_in_processes(ablation: Ablation, stream: TextIO, processes: int) -> dict[str, str]:
    """Run what is not finished yet in so many processes; the errors of runs that failed, by folder name.

    The tables are those of one process, but for seconds; runs are the same to the last bit where they have the same
    number of threads. Raises RunCancelled where asked to stop, when all workers have.
    """
    return _Matrix(ablation, stream, processes).run()


class _Worker:
    """A process that makes runs, and what it is at."""

    def __init__(self, ablation: Ablation, number: int, threads: int, said: queue.SimpleQueue):
        self.number = number
        self.cell: Cell | None = None
        self.began = 0.0
        self.terminal = ablation.folder / f"worker{number}.txt"
        with disk_errors(self.terminal.name, ablation.folder), open(self.terminal, "a", encoding="utf-8") as terminal:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "kpod.ablation_worker", str(ablation.folder.resolve())],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=terminal,
                start_new_session=True,  # a Ctrl-C is meant for this process, which tells them
                text=True,
                env=_environment(threads),
            )
        threading.Thread(target=self._listen, args=(said,), daemon=True).start()

    def _listen(self, said: queue.SimpleQueue) -> None:
        for line in self.process.stdout:
            said.put((self, json.loads(line)))
        self.process.wait()
        said.put((self, None))

    def give(self, cell: Cell) -> None:
        self.cell, self.began = cell, time.monotonic()
        with suppress(OSError):  # it has died, which `_listen` tells
            self.process.stdin.write(f"{cell.folder.name}\n")
            self.process.stdin.flush()

    def dismiss(self) -> None:
        """Nothing more comes; what it is at, it is to stop."""
        with suppress(OSError):
            self.process.stdin.close()

    def end(self) -> None:
        end_tree(record_of(self.process.pid))
        self.process.wait()


class _Matrix:
    """The runs of an ablation while workers make them."""

    def __init__(self, ablation: Ablation, stream: TextIO, processes: int):
        self.ablation, self.stream = ablation, stream
        self.total = len(ablation.matrix())
        waiting = [cell for cell in ablation.matrix() if not ablation.has_finished(cell)]
        self.done = self.total - len(waiting)
        self.shares = Shares(waiting)
        self.processes = min(processes, len(waiting))
        self.threads = max(1, usable_cores() // processes)
        self.said: queue.SimpleQueue = queue.SimpleQueue()
        self.workers: list[_Worker] = []
        self.failures: dict[str, str] = {}
        self.seconds: list[float] = []
        self.stopping = False
        self.live = stream.isatty()

    def run(self) -> dict[str, str]:
        wish = StopWish(self.ablation.folder / CANCEL_FILE)
        with wish.signals():
            try:
                for number in range(self.processes):
                    self._start(number + 1)
                while self.workers:
                    self._hear()
                    if wish.at_once:
                        raise RunCancelled("Interrupted.")
                    if wish.asked and not self.stopping:
                        self._stop()
            finally:
                self._end_all(at_once=wish.at_once)
        if self.stopping and self.done + len(self.failures) < self.total:
            raise RunCancelled("Stopped.")
        self._write_progress()
        names = [cell.folder.name for cell in self.ablation.matrix()]
        return {name: self.failures[name] for name in names if name in self.failures}

    def _start(self, number: int) -> None:
        worker = _Worker(self.ablation, number, self.threads, self.said)
        self.workers.append(worker)
        self._give(worker)

    def _give(self, worker: _Worker) -> None:
        worker.cell = None
        cell = None if self.stopping else self.shares.next(worker.number)
        if cell is None:
            worker.dismiss()
        else:
            worker.give(cell)
            self._write_progress()
            self._tell(self._line())

    def _hear(self) -> None:
        """Take what one worker says, or after a moment of silence show how far they are."""
        try:
            worker, answer = self.said.get(timeout=SECONDS_BETWEEN_LOOKS)
        except queue.Empty:
            if self.live:
                self._tell(self._line(), over=True)
            return
        if answer is not None:
            self._ended(worker.cell, answer)
            self._give(worker)
            return
        self.workers.remove(worker)
        self.shares.leave(worker.number)
        if worker.cell is not None:
            how = f"Its process ended with status {worker.process.returncode}; see {worker.terminal.name}."
            self._ended(worker.cell, {"ended": "failed", "said": how})
        if not self.stopping and len(self.shares):
            self._start(worker.number)

    def _ended(self, cell: Cell, answer: dict[str, Any]) -> None:
        name = cell.folder.name
        if answer["ended"] == "finished":
            self.done += 1
            self.seconds.append(answer["seconds"])
            self.ablation.update(finished_runs=(*self.ablation.state.finished_runs, name))
            write_tables(self.ablation)
        elif answer["ended"] == "failed" or not self.stopping:  # a worker that was told to stop by somebody else
            self.failures[name] = answer["said"]
            self._tell(f"FAILED {cell.told}: {answer['said']}")

    def _stop(self) -> None:
        self.stopping = True
        self._tell("Stopping all runs at their next step; press Ctrl-C again to stop at once.")
        for worker in self.workers:
            worker.dismiss()

    def _end_all(self, *, at_once: bool) -> None:
        """No worker outlives this process, whatever ended it."""
        for worker in self.workers:
            worker.dismiss()
        limit = time.monotonic() + (0.0 if at_once else ENDING_SECONDS)
        for worker in self.workers:
            with suppress(subprocess.TimeoutExpired):
                worker.process.wait(max(0.0, limit - time.monotonic()))
            worker.end()

    def _write_progress(self) -> None:
        at_work = ", ".join(worker.cell.folder.name for worker in self.workers if worker.cell is not None)
        left = self._seconds_left()
        self.ablation.update(
            progress={"done": self.done, "total": self.total, "current": at_work or None, "seconds_left": left}
        )

    def _seconds_left(self) -> float | None:
        """By the mean of the runs so far; None before the first."""
        busy = [worker for worker in self.workers if worker.cell is not None]
        if not busy:
            return 0.0
        if not self.seconds:
            return None
        mean, now = sum(self.seconds) / len(self.seconds), time.monotonic()
        begun = sum(max(0.0, mean - (now - worker.began)) for worker in busy)
        return (begun + mean * len(self.shares)) / len(busy)

    def _line(self) -> str:
        left = self._seconds_left()
        told = f", {format_seconds(left)} left" if left is not None else ""
        at_work = "; ".join(_at_work(worker.cell) for worker in self.workers if worker.cell is not None)
        return f"{self.done} of {self.total} runs done{told}; at work: {at_work}"

    def _tell(self, line: str, *, over: bool = False) -> None:
        """On a terminal the line of progress is written over itself; into a file goes one for every change."""
        if self.live:
            if over:
                line = line[: shutil.get_terminal_size().columns - 1]
            line = f"\r\x1b[2K{line}"
        print(line, end="" if over else "\n", file=self.stream, flush=True)


def _at_work(cell: Cell) -> str:
    """A run in words, with how far its stage is."""
    with suppress(InputError):  # it has not begun
        progress = read_state(cell.folder).progress
        if progress is not None:
            return f"{cell.told} ({progress['stage']} {progress['done']} of {progress['total']})"
    return cell.told


def _environment(threads: int) -> dict[str, str]:
    """That of this process, with a worker's share of the cores, or fewer where fewer were asked for."""
    path = os.pathsep.join(part for part in (str(PACKAGE_ROOT), os.environ.get("PYTHONPATH", "")) if part)
    asked = {name: os.environ.get(name, "") for name in THREADS}
    shares = {name: min(threads, int(value)) if value.isdigit() else threads for name, value in asked.items()}
    return os.environ | {"PYTHONPATH": path, "PYTHONUNBUFFERED": "1"} | {k: str(v) for k, v in shares.items()}
