"""The queue on the Distill page: who has the device, who waits, and where a new run would stand."""

from __future__ import annotations

import fcntl
from contextlib import ExitStack
from types import SimpleNamespace

import pytest

from kpod import job_queue
from kpod.device_queues import DeviceQueue
from kpod.run_lock import hold
from kpod.ui.run_queue import place_in_words
from tests.support.app_pages import address_of, open_app, shown
from tests.support.hostile import assert_harmless
from tests.support.made_run import HOSTILE_NAME, make_run


@pytest.fixture
def queued(tmp_path, monkeypatch):
    """A run at work on cpu, out of the queue, and two that wait; the last has a hostile name."""
    monkeypatch.setenv("KPOD_RUNS", str(tmp_path))
    runs = {}
    with ExitStack() as held:
        for name, status in (("At work", "running"), ("Waits", "queued"), (HOSTILE_NAME, "queued")):
            run = make_run(tmp_path / f"run{len(runs)}", count=8, upto="schedule", status=status, name=name)
            held.enter_context(hold(run.folder))
            runs[name] = run
            if status == "queued":
                job_queue.take_ticket(tmp_path, "cpu", run.folder.name)
        file = held.enter_context(open(tmp_path / ".queue" / "cpu" / "device.lock", "a"))
        fcntl.flock(file, fcntl.LOCK_EX)
        yield runs


def buttons(app) -> list[str]:
    return [each.label for each in app.button if each.key.startswith("queue-of-")]


def test_progress_shows_who_has_the_device_and_who_waits_in_order(queued):
    app = open_app("distill", view="progress", run=queued["Waits"].id)
    text = shown(app)
    assert "Queue for cpu" in text and "2 wait" in text
    marks = [part[0] for part in text.split('class="kp-queue-mark">')[1:]]
    assert marks == ["◐", "1", "2"] and "Waits (shown here)" in text and "distill 25%" in text
    assert len(buttons(app)) == 2 and buttons(app)[0] == "At work"
    assert_harmless(app)


def test_each_of_the_queue_is_a_click_away(queued):
    app = open_app("distill", view="progress", run=queued["Waits"].id)
    app.button(key=f"queue-of-{queued[HOSTILE_NAME].id}").click().run()
    assert not app.exception and address_of(app)["run"] == queued[HOSTILE_NAME].id
    assert "At work" in buttons(app) and "Waits" in buttons(app) and len(buttons(app)) == 2
    assert_harmless(app)


def test_a_new_run_says_where_it_would_stand(queued):
    app = open_app("distill", preset="example", set=["student.device=cpu"])
    text = shown(app)
    assert "third in the queue for cpu, behind “&lt;img" in text
    assert_harmless(app)


def test_where_nobody_works_a_new_run_starts_at_once(tmp_path, monkeypatch):
    monkeypatch.setenv("KPOD_RUNS", str(tmp_path))
    assert "starts at once on cpu" in shown(open_app("distill", preset="example", set=["student.device=cpu"]))
    make_run(tmp_path / "run", count=8)
    assert "Queue for" not in shown(open_app("distill", view="progress"))


@pytest.mark.parametrize(
    ("at_work", "waiting", "is_held", "text"),
    [
        ([], [], False, "starts at once on cpu"),
        (["A"], [], True, "next in the queue for cpu, behind “A”"),
        (["A"], ["B"], True, "second in the queue for cpu, behind “B”"),
        (["A"], list("BCDEFGHIJKLM"), True, "number 13 in the queue for cpu, behind “M”"),
        ([], [], True, "next in the queue for cpu"),
        (["A"], [], False, "starts at once on cpu, beside “A”, which is in no queue"),
    ],
)
def test_a_place_in_words(at_work, waiting, is_held, text):
    made = [tuple(SimpleNamespace(run=SimpleNamespace(name=name)) for name in names) for names in (at_work, waiting)]
    assert place_in_words(DeviceQueue("cpu", *made, is_held)) == text
