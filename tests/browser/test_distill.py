"""A run from the form in Chromium: started, watched, cancelled, killed, resumed, found from any tab and server."""

from __future__ import annotations

import json
import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import expect

from kpod import jobs
from kpod.config_forms import assignments_of
from kpod.run_process import read_record
from kpod.run_store import Run, load_run
from tests.support.tiny_runs import tiny_config, write_questions

pytestmark = pytest.mark.browser

WINDOWS = [(1366, 768), (1920, 1080)]
LIMIT_MS = 240_000
FEW_EPOCHS = {
    "Token weights": {"set-weights-epochs": 1, "set-weights-warmup_epochs": 1},
    "Distillation": {"set-distillation-epochs": 2},
    "Evaluation": {"set-evaluation-max_new_tokens": 24},
}
LONG = {  # minutes, in steps of milliseconds
    "distillation": {"epochs": 20_000, "batch_size": 1, "probe_questions": 1, "checkpoint_seconds": 1.0},
    "curriculum": {"num_stages": 5},
}


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("distill")


@pytest.fixture(scope="module")
def distill_server(chromium, place) -> Iterator[str]:
    from tests.support.app_server import serve

    with serve(place / "runs", place / "server.txt") as url:
        yield url
    for run in jobs.running(place / "runs"):  # of a test that failed: runs outlive the server
        jobs.cancel(run, grace_seconds=1.0, wait=True)


@pytest.fixture
def tab(profile, distill_server) -> Iterator:
    """Open watched tabs of the Distill page at an address; whatever went wrong on them fails the test at its end."""
    from tests.support.app_browser import Watched

    opened: list[Watched] = []

    def open_tab(*, url: str = distill_server, size=WINDOWS[0], scheme="light", **address) -> Watched:
        watched = Watched(profile(width=size[0], height=size[1], scheme=scheme), url)
        opened.append(watched)
        watched.page.goto(f"{url}/distill?{urlencode(address, doseq=True)}")
        watched.page.locator(".kp-head").first.wait_for(state="attached")
        watched.settle()
        return watched

    yield open_tab
    try:
        for watched in opened:
            watched.check()
    finally:
        for watched in opened:
            watched.close()


@pytest.fixture(scope="module")
def form_of(place, tiny_llama_folder):
    """The address of a form for a tiny run."""
    source = write_questions(place / "questions.jsonl", trained=2, measured=1)  # too few for UMAP, which compiles

    def address(name: str, **sections) -> dict:
        config = tiny_config(source, tiny_llama_folder, name=name, **sections)
        return {"preset": "example", "set": assignments_of(config, "example")}

    return address


def run_named(place: Path, name: str) -> Run:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        for path in (place / "runs").glob("*/run.json"):
            if json.loads(path.read_text())["name"] == name:
                return load_run(path.parent)
        time.sleep(0.2)
    raise AssertionError(f"no run {name!r} in {place}")


def start(watched, place: Path, name: str) -> Run:
    watched.page.locator(".st-key-start button").click()
    watched.page.get_by_role("button", name="Start this run").wait_for(state="detached", timeout=LIMIT_MS)
    return run_named(place, name)


def at_work(watched, stage: str = "distill") -> None:
    watched.page.locator(".kp-stages .running", has_text=stage).wait_for(timeout=LIMIT_MS)


def status(watched, text: str) -> None:
    watched.page.locator(".kp-status", has_text=text).wait_for(timeout=LIMIT_MS)


@pytest.mark.parametrize("size", WINDOWS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_first_view_starts_a_run_with_one_click_and_fits(tab, size, scheme):
    watched = tab(size=size, scheme=scheme)
    button = watched.page.locator(".st-key-start button")
    assert button.is_enabled() and button.is_visible()
    box = button.bounding_box()
    assert box["y"] + box["height"] < size[1]
    for group in ("weights", "data", "curriculum"):
        watched.page.goto(f"{watched.url}/distill?group={group}")
        watched.settle()
        assert watched.scroll_excess() <= 0, group


def test_a_run_from_the_form_is_watched_to_its_end_and_leads_to_its_pages(tab, place, form_of):
    watched = tab(**form_of("Watched"))
    run = start(watched, place, "Watched")
    assert f"run={run.id}" in watched.page.url and "view=progress" in watched.page.url
    status(watched, "finished")
    watched.settle()
    assert watched.page.locator(".kp-stages .done").count() >= 9
    watched.page.locator(".st-key-loss .scatterlayer").first.wait_for(state="attached")
    watched.page.locator(".st-key-open-keypoints button").click()
    watched.page.locator(".st-key-tokens .token").first.wait_for(state="attached")
    assert f"run={run.id}" in watched.page.url


def set_number(watched, key: str, value: int) -> None:
    """Type a number into a field of the form, as a reader does, and wait until the form has taken it."""
    field = watched.page.locator(f".st-key-{key} input")
    field.fill(str(value))
    field.press("Enter")
    watched.settle()
    expect(field).to_have_value(str(value))


def test_a_nano_run_is_set_up_in_the_form_and_watched_to_its_end(tab, place):
    """The shipped preset made small by hand; half of its time goes to fitting UMAP for the first time."""
    watched = tab(preset="nano", group="data")
    page = watched.page
    for name, count in (("train", 24), ("test", 8)):
        set_number(watched, f"world-{name}", count)
    for group, fields in FEW_EPOCHS.items():
        page.locator(".st-key-group").get_by_text(group).click()
        page.locator(f".st-key-{next(iter(fields))}").wait_for()
        for key, value in fields.items():
            set_number(watched, key, value)
    page.locator(".st-key-panel").get_by_text("Changes").click()
    expect(page.locator(".kp-change")).to_have_count(1 + sum(map(len, FEW_EPOCHS.values())))
    run = start(watched, place, "Small world, nano student")
    status(watched, "finished")
    config = load_run(run.folder).config
    assert (config.distillation.epochs, config.weights.epochs, config.student.name) == (2, 1, "nano")
    assert run.predictions.groupby("epoch").size().tolist() == [8, 8]
    page.locator(".st-key-open-results button").click()
    page.locator(".st-key-accuracy .plot-container").wait_for()
    expect(page.locator(".kp-figures")).to_contain_text("after distillation")


def test_cancel_asks_first_and_resume_goes_on(tab, place, form_of):
    watched = tab(**form_of("Cancelled", **LONG))
    run = start(watched, place, "Cancelled")
    watched.page.locator(".kp-stages .running", has_text="distill").wait_for(timeout=LIMIT_MS)
    watched.page.locator(".st-key-cancel button").first.click()
    watched.page.get_by_role("button", name="Yes, stop it").wait_for()
    assert jobs.state(run).status == "running"
    watched.page.get_by_role("button", name="Yes, stop it").click()
    status(watched, "cancelled")
    watched.page.locator(".st-key-resume button").first.click()
    status(watched, "running")
    watched.page.locator(".kp-stages .running", has_text="distill").wait_for(timeout=LIMIT_MS)
    jobs.cancel(run, wait=True)
    status(watched, "cancelled")


def test_a_killed_run_is_shown_as_died_in_every_tab_and_the_one_behind_it_moves_up(tab, place, form_of):
    first = tab(**form_of("Killed", **LONG))
    run = start(first, place, "Killed")
    first.page.locator(".kp-stages .running", has_text="distill").wait_for(timeout=LIMIT_MS)
    behind = tab(**form_of("Behind"))
    waiting = start(behind, place, "Behind")
    behind.page.get_by_text("next in the queue").wait_for(timeout=LIMIT_MS)
    third = tab(**form_of("Third"))
    expect(third.page.locator(".kp-queue-hint")).to_have_text("second in the queue for cpu, behind “Behind”")
    queue = behind.page.locator(".st-key-queue-cpu")
    expect(queue.locator(".kp-queue-mark")).to_have_text(["◐", "1"])
    expect(queue).to_contain_text("Behind (shown here)")
    queue.get_by_role("button", name="Killed").click()
    expect(behind.page).to_have_url(re.compile(f"run={run.id}"), timeout=LIMIT_MS)
    expect(queue).to_contain_text("Killed (shown here)")
    behind.settle()
    queue.get_by_role("button", name="Behind").click()
    expect(behind.page).to_have_url(re.compile(f"run={waiting.id}"), timeout=LIMIT_MS)
    cold = tab(view="progress", run=run.id)
    status(cold, "running")
    os.kill(read_record(run.folder).pid, signal.SIGKILL)
    for watched in (first, cold):
        status(watched, "died")
        watched.page.get_by_text("The process of this run died").wait_for(timeout=LIMIT_MS)
    status(behind, "finished")
    expect(third.page.locator(".kp-queue-hint")).to_have_text("starts at once on cpu", timeout=LIMIT_MS)
    assert jobs.state(waiting).status == "finished"
    first.page.locator(".st-key-resume button").first.click()
    first.page.locator(".kp-stages .running", has_text="distill").wait_for(timeout=LIMIT_MS)
    jobs.cancel(run, wait=True)


def test_a_run_outlives_the_server_and_is_found_again(tab, place, form_of):
    from tests.support.app_server import serve

    with serve(place / "runs", place / "first.txt") as url:
        before = tab(url=url, **form_of("Outlives", **LONG))
        run = start(before, place, "Outlives")
        before.page.locator(".kp-stages .running", has_text="distill").wait_for(timeout=LIMIT_MS)
        before.page.goto("about:blank")
    assert jobs.state(run).status == "running"
    with serve(place / "runs", place / "second.txt") as url:
        after = tab(url=url, view="progress", run=run.id)
        status(after, "running")
        after.page.locator(".st-key-cancel button").first.click()
        after.page.get_by_role("button", name="Yes, stop it").click()
        status(after, "cancelled")
        after.page.goto("about:blank")


def test_an_open_tab_finds_its_run_again_when_the_server_was_restarted(tab, place, form_of):
    from tests.support.app_server import free_port, serve

    port = free_port()
    with serve(place / "runs", place / "first.txt", port) as url:
        watched = tab(url=url, **form_of("Restarted", **LONG))
        run = start(watched, place, "Restarted")
        at_work(watched)
        watched.page.evaluate("() => { window.neverReloaded = true }")
    expect(watched.page.get_by_test_id("stConnectionStatus")).to_be_visible()  # the tab has noticed
    seen = watched.page.locator(".stProgress").inner_text()
    with serve(place / "runs", place / "second.txt", port):
        expect(watched.page.locator(".stProgress")).not_to_have_text(seen, timeout=LIMIT_MS)
        status(watched, "running")
        assert watched.page.evaluate("() => window.neverReloaded") is True
        assert f"run={run.id}" in watched.page.url and "view=progress" in watched.page.url
        watched.problems.clear()  # the browser complained, rightly, while nobody answered
        watched.page.locator(".st-key-cancel button").first.click()  # it is a page in use, not a picture of one
        watched.page.get_by_role("button", name="Yes, stop it").click()
        status(watched, "cancelled")
        watched.check()
        watched.page.goto("about:blank")
