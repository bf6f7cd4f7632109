"""A generation as a process of its own: started, watched, stopped, and gone on with."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from kpod.errors import InputError
from kpod.teaching import process
from tests.support.teacher_server import answer, rows_of


def wait(condition, seconds=60.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_started_stopped_and_gone_on_with(options, server):
    def slowly(asked):
        time.sleep(0.4)
        return answer(asked)

    server.behave = slowly
    chosen = options(concurrency=1)
    out = Path(chosen.out)
    assert process.read_state(out) is None and not process.is_at_work(out) and process.log_tail(out) == ""
    process.start(chosen)
    wait(lambda: process.is_at_work(out) and len(server.asked) >= 2)
    with pytest.raises(InputError, match=r"is writing .* already"):
        process.start(chosen)
    process.stop(out)
    wait(lambda: not process.is_at_work(out))
    state = process.read_state(out)
    assert state.status == "stopped" and 0 < state.done < state.total
    server.behave = answer
    process.start(chosen)
    wait(lambda: (process.read_state(out) or state).status == "finished" and not process.is_at_work(out))
    assert len(rows_of(out)) == state.total and max(server.answered().values()) == 1
    assert process.options_file(out).is_file() and process.log_tail(out)
