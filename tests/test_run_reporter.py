"""What work reports reaches the run folder and the terminal; a wish to stop is heard."""

from __future__ import annotations

import io
import signal
import subprocess
import sys
import time

import pytest

from kpod.config import make_config
from kpod.errors import InputError
from kpod.run_reporter import METRICS_AT_ONCE, RunReporter
from kpod.run_store import create_run, load_run
from tests.support.tiny_runs import kpod_environment


@pytest.fixture
def run(tmp_path):
    config = make_config({"name": "R", "data": {"source": "x.jsonl"}, "student": {"name": "smollm2-135m"}})
    return create_run(tmp_path / "run", config)


@pytest.fixture
def reporter(run):
    return RunReporter(run, io.StringIO())


def rows(*steps, stage="distill"):
    return [{"stage": stage, "step": step} for step in steps]


def test_lines_go_to_the_log_and_the_stream(run, reporter):
    reporter.log("one")
    reporter.warn("two")
    assert reporter.stream.getvalue() == "one\nWARNING: two\n"
    assert [line.split(" ", 1)[1] for line in run.log().splitlines()] == ["one", "WARNING: two"]


def test_a_warning_is_kept_once(run, reporter):
    for _ in range(2):
        reporter.warn("careful")
    assert load_run(run.folder).state.warnings == ["careful"]


def test_progress_is_in_the_state(run, reporter):
    reporter.start("distill", 100, done=40, unit="steps")
    assert load_run(run.folder).state.progress == {
        "stage": "distill", "done": 40, "total": 100, "unit": "steps", "seconds_left": None, "rate": None,
    }  # fmt: skip
    reporter.advance(10)  # within a second of the last: not written yet
    assert load_run(run.folder).state.progress["done"] == 40
    reporter._last_write = 0.0
    reporter.advance(5)
    progress = load_run(run.folder).state.progress
    assert progress["done"] == 55 and 0 <= progress["seconds_left"] < 5
    assert progress["rate"] * progress["seconds_left"] == pytest.approx(45, rel=0.1)


def test_metrics_are_held_back_and_flushed(run, reporter):
    for row in rows(*range(1, METRICS_AT_ONCE)):
        reporter.metrics(row)
    assert run.metrics.empty
    reporter.metrics(rows(METRICS_AT_ONCE)[0])
    assert len(run.metrics) == METRICS_AT_ONCE
    reporter.metrics(rows(21)[0])
    reporter.flush()
    reporter.flush()
    assert run.metrics["step"].tolist() == list(range(1, 22))


def test_a_resumed_stage_forgets_what_came_after_its_checkpoint(run, reporter):
    run.append_metrics(rows(1, 2, stage="weights") + rows(1, 2, 3))
    reporter.metrics(rows(9, stage="weights")[0])
    reporter.start("distill", 10, done=2)
    kept = run.metrics
    assert kept[kept["stage"] == "distill"]["step"].tolist() == [1, 2]
    assert kept[kept["stage"] == "weights"]["step"].tolist() == [1, 2, 9]


def test_a_file_asks_for_a_stop(run, reporter):
    assert not reporter.cancelled()
    (run.folder / "cancel").write_text("")
    reporter.metrics(rows(1)[0])
    assert reporter.cancelled()
    assert len(run.metrics) == 1
    (run.folder / "cancel").unlink()
    assert reporter.cancelled()  # a wish stays


def test_a_full_disk_is_told(run, reporter):
    (run.folder / "metrics.jsonl").symlink_to("/dev/full")
    reporter.metrics(rows(1)[0])
    with pytest.raises(InputError, match=r"Could not write metrics\.jsonl .*No space left"):
        reporter.flush()


SCRIPT = """
import sys, time
from kpod.run_reporter import RunReporter
from kpod.run_store import load_run
reporter = RunReporter(load_run(sys.argv[1]))
try:
    with reporter.signals():
        print("ready", flush=True)
        while not reporter.cancelled() or sys.argv[2] == "stubborn":
            time.sleep(0.01)
    print("stopped at a step", flush=True)
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


def start(run, manner):
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(run.folder), manner],
        env=kpod_environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout.readline() == "ready\n"
    return process


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_stops_at_the_next_step(run, number):
    process = start(run, "willing")
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert out == "stopped at a step\n" and process.returncode == 0
    assert "Stopping at the next step" in err


def test_the_second_interrupt_stops_at_once(run):
    process = start(run, "stubborn")
    process.send_signal(signal.SIGINT)
    assert "Stopping" in process.stderr.readline() + process.stderr.readline()
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=60)[0] == "interrupted\n"


def test_signals_are_given_back(reporter):
    before = signal.getsignal(signal.SIGINT)
    with reporter.signals():
        assert signal.getsignal(signal.SIGINT) is not before
        signal.raise_signal(signal.SIGINT)
        assert reporter.cancelled()
    assert signal.getsignal(signal.SIGINT) is before


def test_on_a_terminal_the_progress_line_is_live(run):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    reporter = RunReporter(run, Terminal())
    reporter.start("distill", 10, unit="steps")
    time.sleep(0.01)
    reporter._last_write = 0.0
    reporter.advance(5)
    reporter.log("a line")
    text = reporter.stream.getvalue()
    assert "distill: 0 of 10 steps" in text and "distill: 5 of 10 steps, 0 s left" in text
    assert text.endswith("\r\x1b[2Ka line\n")
