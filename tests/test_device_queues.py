"""Who has each device and who waits, told from run folders that processes hold."""

from __future__ import annotations

import fcntl
from contextlib import ExitStack, contextmanager

import pytest

from kpod import job_queue
from kpod.config import make_config
from kpod.device_queues import device_queues, queue_of
from kpod.run_lock import hold
from kpod.run_store import create_run


@contextmanager
def device_held(root, device: str):
    """As a process out of the queue has it."""
    path = root / ".queue" / device.replace(":", "-") / "device.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.fixture
def make(tmp_path):
    """Make a run of a status, held as by its process; `in_queue` gives it a ticket."""
    with ExitStack() as held:

        def one(name: str, status: str, *, device: str = "cpu", in_queue: bool = False, alive: bool = True):
            config = make_config(
                {"name": name, "data": {"source": "x.jsonl"}, "student": {"name": "smollm2-135m", "device": device}}
            )
            run = create_run(tmp_path / "runs" / name, config)
            run.update(status=status)
            if alive:
                held.enter_context(hold(run.folder))
            if in_queue:
                job_queue.take_ticket(run.folder.parent, device, name)
            return name, run

        yield one


def names(entries) -> list[str]:
    return [entry.key for entry in entries]


def test_one_has_the_device_and_the_others_wait_in_order(make, tmp_path):
    root = tmp_path / "runs"
    runs = [make("old", "finished", alive=False), make("b", "queued", in_queue=True), make("a", "running")]
    runs += [make("c", "queued", in_queue=True), make("dead", "queued", in_queue=True, alive=False)]
    runs += [make("gpu", "running", device="cuda:1")]
    with device_held(root, "cpu"):
        queues = device_queues(runs, root)
        assert list(queues) == ["cpu", "cuda:1"]
        cpu = queues["cpu"]
        assert (names(cpu.at_work), names(cpu.waiting), cpu.is_held) == (["a"], ["b", "c"], True)
        assert cpu.place_of_a_new_run == 3 and cpu.last.key == "c"
        assert [entry.job.place for entry in cpu.waiting] == [1, 2]
    gpu = queues["cuda:1"]
    assert (names(gpu.at_work), gpu.waiting, gpu.place_of_a_new_run, gpu.last) == (["gpu"], (), 0, None)


def test_the_next_one_stands_behind_the_run_at_work(make, tmp_path):
    runs = [make("a", "running")]
    with device_held(tmp_path / "runs", "cpu"):
        queue = device_queues(runs, tmp_path / "runs")["cpu"]
    assert queue.place_of_a_new_run == 1 and queue.last.key == "a"


def test_a_free_device_has_an_empty_queue(tmp_path):
    queue = queue_of("cpu", {}, tmp_path)
    assert (queue.at_work, queue.waiting, queue.place_of_a_new_run, queue.last) == ((), (), 0, None)
    with device_held(tmp_path, "cpu"):  # by a run that was deleted, or by one of another kind
        queue = queue_of("cpu", {}, tmp_path)
    assert (queue.place_of_a_new_run, queue.last) == (1, None)


def test_a_run_elsewhere_or_gone_is_in_no_queue(make, tmp_path):
    _, run = make("a", "running")
    assert device_queues([("a", run)], tmp_path / "elsewhere") == {}
    (run.folder / "run.json").unlink()
    assert device_queues([("a", run)], tmp_path / "runs") == {}


def test_a_run_that_has_left_the_queue_and_starts_counts_as_at_work(make, tmp_path):
    queue = device_queues([make("a", "queued")], tmp_path / "runs")["cpu"]
    assert names(queue.at_work) == ["a"] and not queue.waiting
