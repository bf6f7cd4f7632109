"""Requests side by side: concurrency, rate limits, the cost limit, and a stop in between."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import pytest

from kpod.errors import InputError, RunCancelled
from kpod.teaching import asking
from kpod.teaching.teach import teach
from tests.support.teacher_server import Reply, answer, error, rows_of, write_sums


def journal_of(options):
    return [row for row in rows_of(options.out + ".journal") if row["kind"] == "answer"]


def slowly(asked, seconds=0.1):
    time.sleep(seconds)
    return answer(asked)


@pytest.mark.parametrize("concurrency", [1, 3, 16])
def test_so_many_requests_are_under_way_and_no_more(options, server, concurrency):
    server.behave = slowly
    teach(options(concurrency=concurrency))
    assert server.most_under_way == min(concurrency, 6)


def within_a_loop(work):
    """What `work` gives where an event loop is running; in a thread, for this one may have a browser's loop."""

    async def within():
        return work()

    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(lambda: asyncio.run(within())).result()


def test_it_asks_where_an_event_loop_is_running_already(options, server):
    """As in a notebook, or beside a browser that is driven from this process."""
    assert within_a_loop(lambda: teach(options())).status == "finished" and len(server.asked) == 6
    server.behave = lambda asked: error(500, "down")
    refused = options(give_up_after=2, retries=0, concurrency=1, changed="restart", temperature=0.1)
    with pytest.raises(InputError, match="in a row have failed"):
        within_a_loop(lambda: teach(refused))


def test_requests_a_minute(options, server, monkeypatch):
    monkeypatch.setattr("kpod.teaching.rate_limits.WINDOW_SECONDS", 1.0)
    teach(options(requests_per_minute=2, concurrency=6))
    times = [asked.at for asked in server.asked]
    assert len(times) == 6 and all(later - sooner > 0.9 for sooner, later in zip(times, times[2:], strict=False))


def test_tokens_a_minute(options, server, monkeypatch):
    monkeypatch.setattr("kpod.teaching.rate_limits.WINDOW_SECONDS", 1.0)
    teach(options(tokens_per_minute=250, max_tokens=100, concurrency=6, limit=4))
    times = [asked.at for asked in server.asked]
    # Each counts 100 and its prompt (about 60) until it is answered with 70, so two never fit before that.
    assert times[3] - times[0] > 0.9


def test_the_cost_limit_is_never_passed_and_can_be_raised(options, server):
    server.behave = slowly
    prices = {"input_price": 0.0, "output_price": 1e6, "max_tokens": 30}  # an answer costs 20, and could cost 30
    ended = teach(options(cost_limit=75.0, concurrency=6, **prices))
    assert ended.status == "cost limit" and len(server.asked) == 3 and ended.summary.unasked == 3
    progress = json.loads(Path(options().out + ".progress.json").read_text())
    assert (progress["status"], progress["cost"], progress["cost_limit"]) == ("cost limit", 60.0, 75.0)
    assert teach(options(cost_limit=75.0, **prices)).status == "cost limit" and len(server.asked) == 3
    assert teach(options(cost_limit=130.0, **prices)).status == "finished" and len(server.asked) == 6


def stop_when(options, server, count):
    """Ask for a stop by the file as soon as so many answers went out."""

    def run():
        server.wait_for(count)
        Path(options.out + ".cancel").touch()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_a_stop_waits_for_what_is_under_way_and_goes_on_without_asking_twice(options, server, tmp_path):
    source = write_sums(tmp_path / "many.jsonl", 40)
    server.behave = lambda asked: slowly(asked, 0.05)
    chosen = options(source=str(source), concurrency=4)
    stopper, said = stop_when(chosen, server, 8), []
    with pytest.raises(RunCancelled, match=r"Stopped with \d+ of 40 answers.*nothing is asked twice"):
        teach(chosen, log=said.append)
    stopper.join()
    assert 8 <= len(journal_of(chosen)) == len(server.asked) < 40
    assert not Path(chosen.out).exists() and not Path(chosen.out + ".cancel").exists()
    assert any("Stopping: waiting" in line for line in said)
    assert json.loads(Path(chosen.out + ".progress.json").read_text())["status"] == "stopped"
    assert teach(chosen).summary.correct == 40
    assert set(server.answered().values()) == {1} and len(server.asked) == 40


def test_a_stop_does_not_wait_for_ever(options, server, monkeypatch):
    monkeypatch.setattr(asking, "GRACE_SECONDS", 0.3)
    never = threading.Event()
    server.behave = lambda asked: Reply(hold=never) if asked.first_number == 13 else answer(asked)
    chosen = options(timeout=60, concurrency=1)
    stopper, begun = stop_when(chosen, server, 3), time.monotonic()
    with pytest.raises(RunCancelled):
        teach(chosen)
    stopper.join()
    never.set()
    assert len(journal_of(chosen)) == 3 and time.monotonic() - begun < 10


def test_a_stop_ends_a_long_wait(options, server):
    server.behave = lambda asked: error(429, "later", retry_after="3000") if asked.first_number == 12 else answer(asked)
    chosen = options(concurrency=1)
    stopper, begun = stop_when(chosen, server, 2), time.monotonic()
    with pytest.raises(RunCancelled):
        teach(chosen)
    stopper.join()
    assert time.monotonic() - begun < 10


def test_backoff_doubles_with_jitter_up_to_a_minute(options, server):
    server.behave = lambda asked: error(500, "down") if asked.nth < 3 else answer(asked)
    teach(options(limit=1, retries=3, backoff=0.2))
    times = [asked.at for asked in server.asked]
    waits = [later - sooner for sooner, later in pairwise(times)]
    assert len(waits) == 3
    for wait, full in zip(waits, (0.2, 0.4, 0.8), strict=True):
        assert wait >= full / 2
