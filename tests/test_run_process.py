"""A run's process is known by more than its id, and ended with all that it started."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import replace

import psutil
import pytest

from kpod.run_process import (
    STARTING_SECONDS,
    end_tree,
    is_starting,
    living_process,
    memory_bytes,
    read_record,
    record_of,
    write_record,
)

STUBBORN = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", sys.argv[1]], start_new_session=sys.argv[2] == "apart")
print(child.pid, flush=True)
time.sleep(100)
"""
STUBBORN_CHILD = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(100)"


def start(session: bool, group: str) -> tuple[subprocess.Popen, psutil.Process]:
    """A process that ignores SIGTERM, as does its child, in a group of its own or of a stranger's."""
    process = subprocess.Popen(
        [sys.executable, "-c", STUBBORN, STUBBORN_CHILD, group],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=session,
    )
    return process, psutil.Process(int(process.stdout.readline()))


def test_a_record_is_written_and_read(tmp_path):
    assert read_record(tmp_path) is None
    record = record_of(os.getpid())
    write_record(tmp_path, record)
    assert read_record(tmp_path) == record and living_process(record).pid == os.getpid()
    assert memory_bytes(record) > 1_000_000
    (tmp_path / "process.json").write_text('{"pid": 1')
    assert read_record(tmp_path) is None


@pytest.mark.parametrize(
    "change",
    [{"began": 1.0}, {"boot": "another"}, {"host": "another"}, {"pid": None}, {"pid": 2**22 - 1}, {"began": None}],
)
def test_another_process_with_the_same_id_is_not_taken_for_it(change):
    record = replace(record_of(os.getpid()), **change)
    assert living_process(record) is None and memory_bytes(record) is None
    assert not end_tree(record)


def test_a_zombie_does_not_live():
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    record = record_of(process.pid)
    assert living_process(record) is not None
    process.stdin.close()
    limit = time.monotonic() + 20
    while psutil.Process(process.pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < limit
        time.sleep(0.01)
    assert living_process(record) is None
    process.wait()


def test_a_start_is_believed_for_a_while_and_while_its_process_lives():
    announced = record_of(starting=True)
    assert is_starting(announced)
    assert not is_starting(replace(announced, written=time.time() - STARTING_SECONDS - 1))
    assert not is_starting(replace(announced, written=time.time() + 3600))  # the clock was set back
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    started = replace(record_of(process.pid, starting=True), written=0.0)
    assert is_starting(started) and not is_starting(replace(started, starting=False))
    process.kill()
    process.wait()
    assert not is_starting(started) and not is_starting(None)


@pytest.mark.parametrize("group", ["same", "apart"])
@pytest.mark.parametrize("session", [True, False])
def test_a_tree_that_ignores_sigterm_is_ended(session, group):
    process, child = start(session, group)
    bystander = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert end_tree(record_of(process.pid), term_seconds=0.3)
    process.wait(timeout=20)
    psutil.wait_procs([child], timeout=20)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE  # of a machine whose init reaps nothing
    assert bystander.poll() is None  # as is this process, whose group the tree may share
    bystander.communicate(b"\n")
