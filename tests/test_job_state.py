"""How a run stands, told from its folder: at work, waiting, ended, or died, in every order of events."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

import pytest

from kpod import job_queue, job_state
from kpod.config import make_config
from kpod.errors import InputError
from kpod.job_state import log_tail, running, state
from kpod.run_lock import hold
from kpod.run_process import record_of, write_record
from kpod.run_store import create_run, load_run

CONFIG = make_config({"name": "R", "data": {"source": "x.jsonl"}, "student": {"name": "smollm2-135m"}})
PROGRESS = {"stage": "distill", "done": 30, "total": 120, "unit": "steps", "seconds_left": 45.0, "rate": 2.0}


@pytest.fixture
def run(tmp_path):
    return create_run(tmp_path / "runs" / "one", CONFIG)


def ended_process():
    """The record of a process that is no more."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    record = record_of(process.pid, starting=True)
    process.communicate()
    return record


def test_a_run_at_work(run):
    run.update(status="running", progress=PROGRESS)
    with hold(run.folder):
        found = state(run)
        assert (found.status, found.live, found.stage, found.step, found.total) == ("running", True, "distill", 30, 120)
        assert (found.rate, found.seconds_left, found.unit, found.stopping) == (2.0, 45.0, "steps", False)
        assert found.memory_bytes > 1_000_000 and 0 <= found.silent_seconds < 60
        (run.folder / "cancel").touch()
        assert state(run).stopping and [each.id for each in running(run.folder.parent)] == [run.id]
    assert state(run).status == "cancelled"  # asked to stop, and ended when it did not
    (run.folder / "cancel").unlink()
    assert state(run).status == "died" and not state(run).live and running(run.folder.parent) == []


def test_a_run_that_waits_and_has_its_place(run):
    runs, other = run.folder.parent, create_run(run.folder.parent / "other", CONFIG)
    for each in (other, run):
        each.update(status="queued")
    with hold(run.folder), hold(other.folder):
        job_queue.take_ticket(runs, "cpu", "other")
        job_queue.take_ticket(runs, "cpu", "one")
        assert (state(run).status, state(run).device, state(run).place) == ("queued", "cpu", 2)
        job_queue.leave(runs, "cpu", "other")  # it has the device now, and is loading
        assert state(run).place == 1 and state(other).place == 0


def test_a_run_whose_process_has_not_taken_the_lock_yet(run):
    run.update(status="queued")
    write_record(run.folder, record_of(starting=True))  # before there is a process
    assert state(run).status == "queued" and load_run(run.folder).status == "queued"
    write_record(run.folder, record_of(os.getpid(), starting=True))  # it is there, and not far yet
    assert state(run).status == "queued"
    write_record(run.folder, replace(record_of(starting=True), written=0.0))  # its starter died
    assert state(run).status == "died"
    write_record(run.folder, ended_process())  # it died before it took the lock
    assert state(run).status == "died" and load_run(run.folder).status == "died"
    write_record(run.folder, replace(record_of(os.getpid(), starting=True), boot="another"))
    assert state(run).status == "died"  # the machine was started anew, and its id is another's now


@pytest.mark.parametrize("last", ["finished", "cancelled", "failed"])
def test_a_run_that_ends_between_two_looks_has_not_died(run, monkeypatch, last):
    run.update(status="running")
    looks = []

    def end_meanwhile(folder):
        looks.append(folder)
        run.update(status=last, error="why" if last == "failed" else None)
        return False

    monkeypatch.setattr(job_state, "is_alive", end_meanwhile)
    assert state(run).status == last and len(looks) == 1


def test_a_run_that_is_resumed_between_two_looks_has_not_died(run, monkeypatch):
    run.update(status="queued")
    answers = iter([False, True])  # the same words in run.json, but now a process stands behind them
    monkeypatch.setattr(job_state, "is_alive", lambda folder: next(answers, True))
    assert state(run).status == "queued"


def test_a_failed_run_tells_why_with_the_last_lines(run):
    run.append_log("distill: began")
    run.update(status="failed", error="InputError: too large")
    (run.folder / "terminal.txt").write_text("distill: began\nTraceback\nMemoryError\n")
    found = state(run)
    assert found.error == "InputError: too large" and found.log_lines[-2:] == ("Traceback", "MemoryError")
    assert found.log_lines[0].endswith("distill: began") and len(found.log_lines) == 3


def test_the_tail_of_the_log(run):
    assert log_tail(run, 5) == []
    (run.folder / "terminal.txt").write_text("No module named kpod\n")
    assert log_tail(run, 5) == ["No module named kpod"]
    for number in range(30):
        run.append_log(f"line {number}")
    # A later process, started by hand, whose lines are in the log alone.
    assert [line.split(" ", 1)[1] for line in log_tail(run, 2)] == ["line 28", "line 29"]
    assert log_tail(run, 0) == []
    (run.folder / "log.txt").write_bytes(b"\xff\xfe broken\n" * 20_000)
    assert len(log_tail(run, 3)) == 3


def test_a_run_that_is_gone_or_damaged(run):
    (run.folder / "run.json").write_text("{")
    with pytest.raises(InputError, match="damaged"):
        state(run)
    (run.folder / "run.json").unlink()
    with pytest.raises(InputError, match="is no run"):
        state(run)
