"""The queue of a device: first come, first served, one at a time, the dead passed over."""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from kpod import job_queue
from kpod.run_lock import hold


@pytest.fixture
def runs(tmp_path):
    """A folder of runs with three of them, each held as by a process that waits."""
    with ExitStack() as held:
        for name in ("a", "b", "c"):
            (tmp_path / name).mkdir()
            held.enter_context(hold(tmp_path / name))
        yield tmp_path


def test_a_queue_is_in_the_order_of_its_tickets(runs):
    assert job_queue.waiting(runs, "cpu") == [] and job_queue.devices(runs) == []
    for name in ("b", "a", "c"):
        job_queue.take_ticket(runs, "cpu", name)
    job_queue.take_ticket(runs, "cuda:1", "a")
    assert job_queue.waiting(runs, "cpu") == ["b", "a", "c"]
    assert [job_queue.place(runs, "cpu", name) for name in ("a", "b", "c")] == [2, 1, 3]
    assert job_queue.devices(runs) == ["cpu", "cuda:1"]
    assert job_queue.find(runs, "c") == ("cpu", 3) and job_queue.find(runs, "d") is None
    job_queue.take_ticket(runs, "cpu", "b")  # it stands in the queue once, now at the end
    assert job_queue.waiting(runs, "cpu") == ["a", "c", "b"]
    job_queue.leave(runs, "cpu", "a")
    assert job_queue.waiting(runs, "cpu") == ["c", "b"] and job_queue.waiting(runs, "cuda:1") == ["a"]


def test_tickets_of_the_dead_and_damaged_ones_are_passed_over(runs):
    (runs / "dead").mkdir()
    for name in ("dead", "gone", "a"):
        job_queue.take_ticket(runs, "cpu", name)
    folder = runs / ".queue" / "cpu"
    (folder / "00000000.json").write_text("{")
    (folder / "00000009.json").write_text(json.dumps("../../elsewhere"))
    assert job_queue.waiting(runs, "cpu") == ["a"]
    with job_queue.turn(runs, "cpu", "a", pytest.fail):
        assert job_queue.waiting(runs, "cpu") == []


def test_tickets_taken_at_once_are_all_different(runs):
    names = [f"r{number}" for number in range(12)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda name: job_queue.take_ticket(runs, "cpu", name), names))
    tickets = sorted((runs / ".queue" / "cpu").glob("*.json"))
    assert sorted(json.loads(path.read_text()) for path in tickets) == sorted(names)


def test_one_at_a_time_has_the_device_in_order(runs):
    had, places = [], []
    for name in ("a", "b", "c"):
        job_queue.take_ticket(runs, "cpu", name)
    first, go_on = threading.Event(), threading.Event()

    def work(name):
        with job_queue.turn(runs, "cpu", name, lambda place: places.append((name, place))):
            had.append(("begin", name))
            first.set()
            assert go_on.wait(20)
            had.append(("end", name))

    threads = [threading.Thread(target=work, args=(name,)) for name in ("c", "b", "a")]
    for thread in threads:
        thread.start()
    assert first.wait(20)
    while not {("b", 1), ("c", 2)} <= set(places):  # both have been told where they stand
        assert len(places) < 400
        time.sleep(0.02)
    assert had == [("begin", "a")]
    go_on.set()
    for thread in threads:
        thread.join(20)
    assert had == [(what, name) for name in ("a", "b", "c") for what in ("begin", "end")]
    assert list((runs / ".queue" / "cpu").glob("*.json")) == []


def test_who_gives_up_waiting_leaves_the_queue(runs):
    def give_up(place):
        raise KeyboardInterrupt

    job_queue.take_ticket(runs, "cpu", "a")
    with job_queue.turn(runs, "cpu", "a", pytest.fail):
        job_queue.take_ticket(runs, "cpu", "b")
        with pytest.raises(KeyboardInterrupt), job_queue.turn(runs, "cpu", "b", give_up):
            pass
        assert job_queue.waiting(runs, "cpu") == []
    with job_queue.turn(runs, "cpu", "unheld", pytest.fail):  # without a ticket it takes one
        pass
