"""A worker of an ablation: `python -m kpod.ablation_worker FOLDER`, as `kpod.ablation_processes` starts it.

Folder names of runs come in, one a line; how each ended goes out, one line of JSON each: `ended` (finished, failed or
cancelled), `said` and `seconds`. Where the input ends, the run at work stops at its next checkpoint.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from typing import Any, BinaryIO

from kpod.ablation import run_cell
from kpod.ablation_donors import AblationDonors
from kpod.ablation_store import Ablation, Cell, load_ablation
from kpod.errors import InputError, RunCancelled
from kpod.run_reporter import RunReporter
from kpod.run_store import Run


class Orders:
    """The names that come in; `closed` where no more will."""

    def __init__(self, stream: BinaryIO):
        self.closed = False
        self._names: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        threading.Thread(target=self._read, args=(stream,), daemon=True).start()

    def _read(self, stream: BinaryIO) -> None:
        for line in stream:
            self._names.put(line.decode().strip())
        self.closed = True
        self._names.put(None)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names.get, None)


class WorkerReporter(RunReporter):
    """A run's reporter that also hears the end of the orders.

    The file `cancel` of the ablation is for the first process alone, which would else take a run that stopped by it,
    before it has seen the file itself, for one that failed.
    """

    def __init__(self, run: Run, orders: Orders):
        super().__init__(run)
        self.orders = orders

    def cancelled(self) -> bool:
        if self.orders.closed:
            self._stop = True
        return super().cancelled()


def main(folder: str) -> None:
    """Make the runs that come in on stdin until it ends."""
    # Whatever a library prints must not stand between the answers.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    ablation = load_ablation(folder)
    cells = {cell.folder.name: cell for cell in ablation.matrix()}
    donors = AblationDonors(ablation)
    # Unbuffered: a thread that waits in a buffered read holds a lock that a process needs to end.
    with open(sys.stdin.fileno(), "rb", buffering=0, closefd=False) as stream:
        orders = Orders(stream)
        for name in orders:
            print(json.dumps(_made(ablation, cells[name], donors, orders)), file=answers, flush=True)


def _made(ablation: Ablation, cell: Cell, donors: AblationDonors, orders: Orders) -> dict[str, Any]:
    """Make one run; how it ended."""
    ended, said, began = "finished", "", time.monotonic()
    try:
        run_cell(ablation, cell, donors, lambda run: WorkerReporter(run, orders))
    except RunCancelled as stop:
        ended, said = "cancelled", str(stop)
    except InputError as error:
        ended, said = "failed", str(error)
    except Exception as error:
        traceback.print_exc()
        ended, said = "failed", f"{type(error).__name__}: {error}"
    return {"ended": ended, "said": said, "seconds": time.monotonic() - began}


if __name__ == "__main__":
    main(sys.argv[1])
