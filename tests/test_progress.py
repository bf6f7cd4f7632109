"""Time left: from the rate of this process, whatever was done before a resume."""

from __future__ import annotations

import time

import pytest

from kpod.progress import Reporter, TimeLeft, format_seconds


@pytest.fixture
def clock(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def test_nothing_is_known_before_something_is_done(clock):
    left = TimeLeft(total=100, done=60)
    assert left.seconds() is None
    clock[0] += 10
    assert left.seconds() is None


def test_work_of_before_a_resume_has_no_rate(clock):
    left = TimeLeft(total=100, done=60)
    clock[0] += 10
    left.advance(5)  # half a unit a second; 35 are left
    assert left.seconds() == pytest.approx(70.0)
    clock[0] += 60
    left.advance(35)
    assert left.seconds() == 0.0
    left.advance(1)
    assert left.seconds() == 0.0


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.4, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min 00 s"),
        (185, "3 min 05 s"),
        (3599.7, "1 h 00 min"),
        (7800, "2 h 10 min"),
        (100_000, "27 h 46 min"),
    ],
)
def test_format_seconds(seconds, text):
    assert format_seconds(seconds) == text


def test_a_silent_reporter_takes_everything_and_never_stops():
    reporter = Reporter()
    reporter.start("weights", 3, 1, "steps")
    reporter.advance()
    reporter.log("a")
    reporter.warn("b")
    reporter.metrics({"step": 1})
    reporter.flush()
    assert reporter.cancelled() is False
