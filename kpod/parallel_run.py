"""One run by several processes, as torchrun or `accelerate launch` starts them: the first runs it, the others help.

    torchrun --nproc-per-node 2 -m kpod run --preset example
    accelerate launch --multi_gpu --num_processes 2 -m kpod run --preset example    (on a CPU too)

Every process has the student and takes its share of each step's questions; gradients are summed, so that the steps are
those of one process. Everything but the training itself is done by the first process alone while the others wait.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

from torch import distributed

from kpod.data_sources import find_source
from kpod.distillation.workers import ProcessLost, ToldToStop, Workers
from kpod.distillation_stages import training_of
from kpod.errors import InputError, RunCancelled
from kpod.hardware import gpus
from kpod.progress import Reporter
from kpod.run_reporter import RunReporter
from kpod.run_store import load_run
from kpod.stage_context import Context

PATIENCE = timedelta(days=30)  # the others wait for mask learning and evaluation


@contextmanager
def joined() -> Iterator[bool]:
    """Join the processes that were started together; True in the first one, which is to do the run inside.

    The others come back, False, when the first one has ended, and raise RunCancelled where it was stopped. Each takes
    a GPU of its own where there are enough.
    """
    local_rank, beside = int(os.environ.get("LOCAL_RANK", 0)), int(os.environ.get("LOCAL_WORLD_SIZE", 1))
    if len(gpus()) >= beside:
        visible = os.environ.get("CUDA_VISIBLE_DEVICES")
        mine = visible.split(",")[local_rank].strip() if visible else str(local_rank)
        os.environ["CUDA_VISIBLE_DEVICES"] = mine  # torch has not looked yet
        distributed.init_process_group("cpu:gloo,cuda:nccl", timeout=PATIENCE)
    else:
        distributed.init_process_group("gloo", timeout=PATIENCE)
    try:
        if Workers().leads:
            try:
                yield True
            except RunCancelled as stop:
                if not isinstance(stop.__cause__, KeyboardInterrupt):  # within a step the others are told nothing
                    with suppress(ProcessLost):
                        Workers().stop()
                raise
            Workers().told()  # nothing more to do
        else:
            _help()
            yield False
    finally:
        distributed.destroy_process_group()


def _help() -> None:
    """Take part in every training that the first process announces, until it says that nothing more is to do.

    Raises InputError where that process is lost, or this one cannot go on, and RunCancelled where the run was stopped.
    """
    for number in (signal.SIGINT, signal.SIGTERM):  # meant for the first process, which stops both at a step's end
        signal.signal(number, signal.SIG_IGN)
    workers = Workers()
    try:
        while (announced := workers.told()) is not None:
            try:
                _take_part(announced)
            except ToldToStop:
                raise
            except RunCancelled:
                continue  # at a step's end, as all were asked; what is told next is that the run was stopped
    except InputError as error:
        raise InputError(f"Process {workers.rank + 1} of {workers.size}: {error}") from error


def _take_part(announced: dict[str, Any]) -> None:
    run = load_run(Path(announced["run"]))
    context = Context(
        run=run,
        config=run.config,
        reporter=RunReporter(run),
        student_folder=Path(announced["student"]),
        source=find_source(run.config.data.source),
        evaluation_sets=[],
        fingerprint=announced["of"],
    )
    training_of(context, Reporter()).run()
