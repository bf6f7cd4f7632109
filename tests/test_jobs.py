"""Runs as processes: real ones, on a student of a few thousand weights, started, queued, killed, cancelled, resumed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from kpod import job_queue, jobs
from kpod.errors import InputError, RunCancelled
from kpod.job_state import TERMINAL
from kpod.pipeline import run_pipeline
from kpod.run_process import living_process, read_record
from kpod.run_store import create_run, load_run
from tests.support.tiny_runs import kpod_command, kpod_environment, run_kpod, tiny_config, write_questions

pytestmark = pytest.mark.slow

PATIENCE_SECONDS = 120.0
LOOK = """
import sys
from kpod import jobs
from kpod.run_store import create_run, load_run
for folder in sys.argv[1:]:
    found = jobs.state(load_run(folder))
    print(found.status, found.place)
"""
START = """
import os, sys
from pathlib import Path
from kpod import jobs
from kpod.config import RunConfig
os.environ.update(argument.split("=") for argument in sys.argv[3:])
jobs.start(RunConfig.from_file(sys.argv[1]), folder=Path(sys.argv[2]))
"""
PIPE_BYTES = 65_536  # what a pipe holds before a writer waits for its reader


@pytest.fixture(autouse=True)
def one_thread(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


@pytest.fixture
def config(tmp_path, tiny_llama_folder):
    """A run that goes on for minutes, in steps of milliseconds."""
    source = write_questions(tmp_path / "questions.jsonl", trained=2, measured=1)
    distillation = {"epochs": 20_000, "batch_size": 1, "probe_questions": 1, "checkpoint_seconds": 1.0}
    sections = {"weights": {"epochs": 1}, "curriculum": {"num_stages": 5}, "distillation": distillation}
    return tiny_config(source, tiny_llama_folder, **sections)


@pytest.fixture
def runs(tmp_path):
    """The folder of runs; whatever still goes in it afterwards is ended."""
    folder = tmp_path / "runs"
    folder.mkdir()
    yield folder
    for path in folder.iterdir():
        process = living_process(read_record(path))
        if process is not None and process.pid != os.getpid():
            process.kill()


def until(condition: Callable[[], object]) -> None:
    limit = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < limit
        time.sleep(0.1)


def seen_from_elsewhere(*folders: Path) -> list[str]:
    """What another process, such as a server that has just been started, sees of runs."""
    command = [sys.executable, "-c", LOOK, *map(str, folders)]
    done = subprocess.run(command, env=kpod_environment(), capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_runs_wait_for_their_device_and_can_be_cancelled_or_killed_meanwhile(config, runs):
    with job_queue.turn(runs, "cpu", "mine", pytest.fail):
        started = [jobs.start(config, folder=runs / name) for name in ("a", "b", "c")]
        a, b, c = started
        with pytest.raises(InputError, match="exists already"):
            jobs.start(config, folder=runs / "a")  # a second click
        assert [jobs.state(run).place for run in started] == [1, 2, 3]
        until(lambda: all(not read_record(run.folder).starting for run in started))
        with pytest.raises(InputError, match="at work or waits"):
            jobs.resume(load_run(a.folder))
        with pytest.raises(InputError, match="is running in another process"), load_run(a.folder).locked():
            pass
        assert jobs.queue(runs) == {"cpu": [runs / "a", runs / "b", runs / "c"]}
        assert seen_from_elsewhere(a.folder, b.folder, c.folder) == ["queued 1", "queued 2", "queued 3"]
        assert {run.folder.name for run in jobs.running(runs)} == {"a", "b", "c"}
        os.kill(read_record(a.folder).pid, signal.SIGKILL)
        until(lambda: jobs.state(a).status == "died")
        assert jobs.state(b).place == 1  # a's ticket is there still, and passed over
        assert jobs.cancel(b, wait=True)
        assert jobs.state(b).status == "cancelled" and "Cancelled while it waited" in load_run(b.folder).log()
        assert not jobs.cancel(b)
        assert seen_from_elsewhere(a.folder, b.folder, c.folder) == ["died None", "cancelled None", "queued 1"]
        stuck = psutil.Process(read_record(c.folder).pid)
        stuck.send_signal(signal.SIGSTOP)  # it hears nothing any more
        assert jobs.cancel(c, grace_seconds=0.5, wait=True)
        assert jobs.state(c).status == "cancelled" and "its time of grace" in load_run(c.folder).log()
        assert not stuck.is_running()
        assert jobs.queue(runs) == {} and jobs.running(runs) == []


def test_a_resume_waits_for_the_process_that_has_said_its_end(config, runs, monkeypatch):
    run = create_run(runs / "a", config)
    run.update(status="cancelled")
    holding, launched = threading.Event(), []

    def end_slowly() -> None:
        with run.locked():
            holding.set()
            time.sleep(1.5)

    monkeypatch.setattr(jobs, "_launch", launched.append)
    thread = threading.Thread(target=end_slowly)
    thread.start()
    assert holding.wait(PATIENCE_SECONDS)
    jobs.resume(run)
    thread.join()
    assert launched == [run]


def test_a_run_outlives_the_process_that_started_it(config, runs, tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text(config.to_yaml())
    with job_queue.turn(runs, "cpu", "mine", pytest.fail):
        starter = [sys.executable, "-c", START, str(path), str(runs / "a")]
        subprocess.run(starter, env=kpod_environment(), check=True)
        run = load_run(runs / "a")
        assert jobs.state(run).status == "queued"  # the starter is gone
        until(lambda: not read_record(run.folder).starting)
        assert jobs.state(run).place == 1 and jobs.cancel(run, wait=True)
        assert jobs.state(run).status == "cancelled"


def test_a_run_finishes_however_much_it_says_after_its_starter_is_gone(config, runs, tmp_path):
    """Nobody reads what the starter was given to write to, and its own pipes would be closed with it."""
    quick = config.model_copy(update={"distillation": config.distillation.model_copy(update={"epochs": 5})})
    path = tmp_path / "config.yaml"
    path.write_text(quick.to_yaml())
    starter = [sys.executable, "-c", START, str(path), str(runs / "a"), "PYTHONVERBOSE=1"]  # a line for every import
    with subprocess.Popen(starter, env=kpod_environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        with job_queue.turn(runs, "cpu", "mine", pytest.fail):
            assert process.wait(PATIENCE_SECONDS) == 0
            run = load_run(runs / "a")
            until(lambda: jobs.state(run).place == 1 and not read_record(run.folder).starting)
            said_before = (run.folder / TERMINAL).stat().st_size
        until(lambda: not jobs.state(run).live)
        assert process.stdout.read() == process.stderr.read() == b""
    assert jobs.state(run).status == "finished", jobs.state(run).log_lines
    said = (run.folder / TERMINAL).read_text(encoding="utf-8")
    assert len(said) - said_before > 2 * PIPE_BYTES and "import 'kpod.pipeline'" in said[said_before:]


def test_a_run_that_cannot_begin_says_why(config, runs, tmp_path):
    (tmp_path / "questions.jsonl").unlink()
    run = jobs.start(config, folder=runs / "a")
    until(lambda: not jobs.state(run).live)
    found = jobs.state(run)
    assert found.status == "failed" and "questions.jsonl" in found.error
    assert any("questions.jsonl" in line for line in found.log_lines)


def test_a_cancel_that_comes_while_a_run_goes_from_the_queue_to_work_is_heard(config, runs):
    run = create_run(runs / "a", config)
    run.update(status="queued")
    (run.folder / "cancel").touch()
    with pytest.raises(RunCancelled, match="Stopped before the stage prepare"):
        run_pipeline(run)
    assert jobs.state(run).status == "cancelled"


def test_two_runs_take_turns_one_is_killed_resumed_and_cancelled(config, runs):
    a, b = jobs.start(config, folder=runs / "a"), jobs.start(config, folder=runs / "b")
    until(lambda: (jobs.state(a).step or 0) > 5 and jobs.state(a).stage == "distill")
    until(lambda: list(a.folder.glob("checkpoints/distill-*/step-*")))  # there is something to go on from
    found = jobs.state(a)
    assert found.rate > 0 and found.seconds_left > 0 and found.memory_bytes > 1e8 and found.total == 40_000
    assert jobs.state(b).status == "queued" and jobs.state(b).place == 1
    os.kill(read_record(a.folder).pid, signal.SIGKILL)
    until(lambda: jobs.state(a).status == "died")
    assert any("weights:" in line for line in jobs.state(a).log_lines)
    until(lambda: jobs.state(b).status == "running")  # the device is its own now
    resumed = jobs.resume(load_run(a.folder))
    assert jobs.state(resumed).status == "queued"
    assert jobs.cancel(b)  # returns at once
    until(lambda: jobs.state(b).status == "cancelled")
    assert "time of grace" not in load_run(b.folder).log()
    until(lambda: "Resuming distillation after step" in load_run(a.folder).log())
    until(lambda: jobs.state(a).stage == "distill")
    assert jobs.cancel(a, wait=True)
    assert jobs.state(a).status == "cancelled" and list(a.folder.glob("checkpoints/distill-*/step-*"))


def test_a_command_does_not_wait_unless_it_is_told_to(config, runs, tmp_path):
    quick = config.model_copy(update={"distillation": config.distillation.model_copy(update={"epochs": 5})})
    path = tmp_path / "config.yaml"
    path.write_text(quick.to_yaml())
    with job_queue.turn(runs, "cpu", "mine", pytest.fail):
        done = run_kpod("run", "--config", path, "--out", runs / "at-once")
        assert done.returncode == 0, done.stderr
        waiting = subprocess.Popen(
            kpod_command("run", "--config", path, "--out", runs / "in-turn", "--queue"),
            env=kpod_environment(),
            stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until(lambda: (runs / "in-turn" / "run.json").is_file())
        until(lambda: jobs.state(load_run(runs / "in-turn")).place == 1)
        waiting.send_signal(signal.SIGINT)  # Ctrl-C
        assert waiting.wait(PATIENCE_SECONDS) == 130
    assert load_run(runs / "at-once").status == "finished" and load_run(runs / "in-turn").status == "cancelled"
