"""How quick the pages are: a cold and a warm start, every switch of page, and a run as large as GSM8K; see with -s.

Aims on an idle machine of two cores: the first page usable within 3 s of a cold start and within 1 s warm, a page
switched within 1 s, a run of 7,473 rationales and a million tokens opened within 2 s on every page. A page is usable
when its main part is there; figures below it and the checks of a run to be started follow, and are timed too. The
limits asserted are no aims: they only tell a page that works from one that hangs.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator

from kpod.ui.reads import EXAMPLE_RUN
from tests.support.app_browser import PAGES, Watched
from tests.support.app_server import serve
from tests.support.large_run import make_large_run

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SANE = 60.0  # seconds
EXAMPLE_ID = json.loads((EXAMPLE_RUN / "run.json").read_text(encoding="utf-8"))["id"]
FURTHER_VIEWS = {
    ("keypoints", "Compare"): ".st-key-comparison .token",
    ("keypoints", "Concordance"): ".st-key-concordance .row",
    ("keypoints", "Corpus"): ".st-key-words canvas",
    ("curriculum", "Difficulty"): ".kp-path",
    ("curriculum", "What if"): ".plot-container",
    ("results", "Questions"): ".kp-beside",
}
USABLE = {name: main for name, (_, main) in PAGES.items()} | {"distill": ".st-key-group"}  # its form
SLIDERS = ("Start C0 / B", "Power p", "Stages T", "Steps a stage")


def seconds(action: Callable[..., object], *arguments: object, **named: object) -> float:
    begin = time.perf_counter()
    action(*arguments, **named)
    return time.perf_counter() - begin


def report(title: str, rows: dict[str, float]) -> float:
    """Print the figures; the largest of them."""
    print(f"\n{title}")
    for name, taken in rows.items():
        print(f"  {name:28} {taken:6.2f} s")
    return max(rows.values())


@pytest.fixture
def fresh(profile, runs, tmp_path) -> Iterator[Callable[[Path], Watched]]:
    """Start a server on a runs folder and give a tab of it; both end with the test."""
    opened = []

    def start(folder: Path) -> Watched:
        server = serve(folder, tmp_path / "log.txt")
        opened.append((server, Watched(profile(), server.__enter__())))
        return opened[-1][1]

    yield start
    for server, watched in opened:
        watched.check()
        watched.close()
        server.__exit__(None, None, None)


def test_the_first_page_and_every_switch(fresh, runs, run_ids):
    begin = time.perf_counter()
    watched = fresh(runs)
    rows = {"the server answers": time.perf_counter() - begin}
    watched.open("overview", run=run_ids["whole"])
    rows["first page, from cold start"] = time.perf_counter() - begin
    rows["first page again, warm"] = seconds(watched.open, "overview", run=run_ids["whole"])
    assert report("Start", rows) < SANE
    for turn in ("first", "second"):
        rows = {}
        for name in PAGES:
            begin = time.perf_counter()
            watched.page.get_by_test_id("stTopNavLink").get_by_text(name.capitalize()).click()
            rows |= usable_and_whole(watched, name, begin)
        assert report(f"Switch of page, {turn} time", rows) < SANE


def usable_and_whole(watched: Watched, name: str, begin: float) -> dict[str, float]:
    """Seconds since `begin` until a page's main part is there, and until all of it is drawn."""
    rows = {}
    for title, part in ((name, USABLE[name]), (f"{name}, all of it", PAGES[name][1])):
        watched.page.locator(part).first.wait_for(state="attached")
        if title != name:
            watched.settle()
        rows[title] = time.perf_counter() - begin
    return rows


def test_a_run_as_large_as_gsm8k_opens_on_every_page(fresh, tmp_path):
    run = make_large_run(tmp_path / "runs" / "large")
    watched = fresh(tmp_path / "runs")
    for name in PAGES:  # so that all code is loaded: it is the run that is opened for the first time below
        watched.open(name, run=EXAMPLE_ID)
    rows = {}
    for name in PAGES:
        begin = time.perf_counter()
        watched.page.goto(f"{watched.url}{PAGES[name][0]}?run={run.id}")
        rows |= usable_and_whole(watched, name, begin)
    for (name, view), mark in FURTHER_VIEWS.items():
        words = {"search": "trees"} if view == "Concordance" else {}
        rows[f"{name}, {view}"] = seconds(watched.open, name, mark=mark, run=run.id, view=view, **words)
    assert report(f"{len(run.questions):,} questions, {len(run.tokens):,} tokens", rows) < SANE
    watched.open("curriculum", mark=".plot-container", run=run.id, view="What if")
    sliders = watched.page.get_by_role("slider")
    rows = {}
    for place, name in enumerate(SLIDERS):
        watched.settle()  # the figures of the slider before are drawn
        rows[name] = seconds(slide, watched, sliders.nth(place))
    assert report(f"What if, a slider moved, {len(run.questions):,} questions", rows) < SANE


def slide(watched: Watched, slider: Locator) -> None:
    """Move a slider by one place and wait for the figures of the schedule that it gives.

    Looked at every 10 ms: `expect` looks after 0.1, 0.25, 0.5 and 1 s, and would add up to that much.
    """
    figures = "[data-testid=stMain] .kp-figures"
    before = watched.page.locator(figures).first.inner_text()
    slider.press("ArrowRight")
    changed = "([figures, old]) => document.querySelector(figures).innerText !== old"
    watched.page.wait_for_function(changed, arg=[figures, before], polling=10)
