"""Runs as processes of their own: started, queued, watched, cancelled and resumed, by whoever sees the run folder.

All that is known of a run lies in its folder, so a run outlives the process that started it, and any other finds it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

from kpod import job_queue
from kpod.artefacts import disk_errors, write_whole
from kpod.config import RunConfig
from kpod.errors import InputError, RunCancelled
from kpod.hardware import device_name
from kpod.job_state import CANCEL, LIVE, TERMINAL, JobState, log_tail, read_alive, running, state
from kpod.run_lock import is_alive
from kpod.run_process import ProcessRecord, end_tree, read_record, record_of, write_record
from kpod.run_reporter import RunReporter
from kpod.run_store import Run, create_run, new_folder, read_state, runs_folder

__all__ = ["JobState", "cancel", "log_tail", "queue", "resume", "run_in_queue", "running", "start", "state"]

GRACE_SECONDS = 60.0
ENDING_SECONDS = 10.0
SECONDS_BETWEEN_LOOKS = 0.2
PACKAGE_ROOT = Path(__file__).resolve().parent.parent


def start(config: RunConfig, *, folder: Path | None = None, runs: Path | None = None) -> Run:
    """Make a run's folder and start its process, which waits in its device's queue; returns at once.

    `folder` is a new one: name it before the click (`new_folder`), and two clicks start one run. Raises InputError
    where it exists already, or cannot be made.
    """
    folder = Path(folder) if folder is not None else new_folder(config, runs or runs_folder())
    run = create_run(folder, config)
    return _launch(run)


def resume(run: Run) -> Run:
    """Start the process of a run that is not finished again; it goes on where it was. Raises InputError if it lives."""
    limit = time.monotonic() + ENDING_SECONDS
    while is_alive(run.folder) and read_state(run.folder).status not in LIVE and time.monotonic() < limit:
        time.sleep(SECONDS_BETWEEN_LOOKS)  # it has said how it ended, and its process is about to go
    if is_alive(run.folder):
        raise InputError(f"Run {run.name!r} is at work or waits for its device already. Cancel it first.")
    return _launch(run)


def _launch(run: Run) -> Run:
    folder = run.folder
    with run.locked(named=False):
        (folder / CANCEL).unlink(missing_ok=True)
        run.update(status="queued", error=None, progress=None)
        write_record(folder, record_of(starting=True))
        job_queue.take_ticket(folder.parent, device_name(run.config.student.device), folder.name)
    command = [sys.executable, "-m", "kpod", "run", "--resume", str(folder.resolve()), "--queue"]
    path = os.pathsep.join(part for part in (str(PACKAGE_ROOT), os.environ.get("PYTHONPATH", "")) if part)
    try:
        with open(folder / TERMINAL, "a", encoding="utf-8") as terminal:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=terminal,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env=os.environ | {"PYTHONPATH": path, "PYTHONUNBUFFERED": "1"},
            )
    except OSError as error:
        run.update(status="failed", error=f"Its process could not be started: {error}.")
        raise InputError(f"The process of run {run.name!r} could not be started: {error}.") from error
    # Reaped when it ends: a zombie would look alive.
    threading.Thread(target=process.wait, daemon=True, name=f"reaper of {folder.name}").start()
    record = read_record(folder)
    if record is not None and record.pid is None:
        write_record(folder, record_of(process.pid, starting=True))
    return run


def queue(runs: Path | None = None) -> dict[str, list[Path]]:
    """The run folders that wait for each device, the next one first; devices that nobody waits for are left out."""
    root = runs or runs_folder()
    waiting = {device: job_queue.waiting(root, device) for device in job_queue.devices(root)}
    return {device: [root / name for name in names] for device, names in waiting.items() if names}


def cancel(run: Run, *, grace_seconds: float = GRACE_SECONDS, wait: bool = False) -> bool:
    """Ask a run to stop; it does at its next step, with a checkpoint, or goes out of the queue.

    What does not stop in `grace_seconds` is ended, with all processes that it started. Returns at once unless `wait`;
    a second cancel counts from the first. Whether there was a process to stop: False where it had ended already.
    """
    folder = run.folder
    _, alive = read_alive(folder)
    if not alive:
        return False
    record = read_record(folder)
    asked = folder / CANCEL
    if not asked.is_file():
        write_whole(asked, b"")
    with disk_errors(CANCEL, folder):
        deadline = asked.stat().st_mtime + grace_seconds
    if wait:
        _end_after(run, record, deadline)
    else:
        threading.Thread(target=_end_after, args=(run, record, deadline), daemon=True).start()
    return True


def _end_after(run: Run, record: ProcessRecord | None, deadline: float) -> None:
    """Wait for the run's process to end; past the deadline end it, and write down that the run was cancelled."""
    folder = run.folder
    while is_alive(folder) and time.time() < deadline:
        time.sleep(SECONDS_BETWEEN_LOOKS)
    if not is_alive(folder) or not (folder / CANCEL).is_file():  # it stopped; or has been resumed since
        return
    now = read_record(folder)
    if record is not None and now is not None and record.pid not in (None, now.pid):
        return
    if now is None or now.pid == os.getpid() or not end_tree(now):
        return
    with run.locked(named=False):
        if run.state.status in LIVE:
            run.append_log("Ended: it was asked to stop and did not in its time of grace.")
            run.update(status="cancelled", progress=None)
        (folder / CANCEL).unlink(missing_ok=True)


def run_in_queue(run: Run) -> None:
    """In the run's own process: wait for its device, then run the pipeline, the device held until the end.

    Raises what `run_pipeline` raises; RunCancelled also where the run was cancelled while it waited.
    """
    record = read_record(run.folder)
    launched = record is not None and record.starting and record.pid in (None, os.getpid())
    with run.locked():
        if not launched:  # a command typed in; what was asked of an earlier process is not meant for this one
            (run.folder / CANCEL).unlink(missing_ok=True)
        run.update(status="queued", error=None, progress=None)
        reporter = RunReporter(run)

        def look(place: int) -> None:
            if reporter.cancelled():
                raise RunCancelled("Cancelled while it waited for its device.")

        device = device_name(run.config.student.device)
        try:
            with reporter.signals(), job_queue.turn(run.folder.parent, device, run.folder.name, look):
                from kpod.pipeline import run_pipeline

                if reporter.cancelled():
                    raise RunCancelled("Cancelled before it began.")
                run_pipeline(run, reporter)
        except (RunCancelled, KeyboardInterrupt) as stop:
            if run.state.status == "queued":
                reporter.log(str(stop) or "Interrupted while it waited for its device.")
                run.update(status="cancelled")
            raise
        except Exception as error:
            if run.state.status == "queued":
                run.update(status="failed", error=f"{type(error).__name__}: {error}")
            raise
