"""No flicker: while a page is drawn anew its main parts stay the same nodes, in the same place, as bright as before."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import JSHandle, Page, expect

from kpod.run_lock import hold
from kpod.run_reporter import RunReporter
from kpod.run_store import Run
from tests.support.app_browser import STEADY, Watched
from tests.support.made_run import make_run

pytestmark = pytest.mark.browser

SECOND = 1_000  # milliseconds
LOOKS = 5  # of the Progress view at its run, one a second
STEPS = 400
FRAMES = 12
PROGRESS = (".kp-head", ".stProgress", ".stHtml:has(.kp-run)", ".stHtml:has(.kp-stages)", ".stColumn:has(.st-key-loss)")
CURVES = {".stColumn:has(.st-key-loss)": (".st-key-loss .js-plotly-plot", ".scatterlayer .trace path")}
KEYPOINTS = (".kp-head", ".kp-question", ".st-key-tokens .tv", ".st-key-tokens .steps", ".st-key-tokens .side")
QUESTIONS = (".kp-head", ".st-key-map .qm", ".st-key-map canvas", ".st-key-map .legend", ".st-key-table-head")


def watch_over(page: Page, parts: tuple[str, ...], charts: dict[str, tuple[str, str]] | None = None) -> JSHandle:
    """Look at every frame from now on; `charts`: parts with the selectors of the chart in it and of what that draws."""
    steady = page.evaluate_handle(STEADY)
    nodes = {part: page.locator(part).first.element_handle() for part in parts}
    drawn = [{"around": nodes[part], "chart": chart, "drawn": own} for part, (chart, own) in (charts or {}).items()]
    steady.evaluate("(steady, [nodes, drawn]) => steady.start(nodes, drawn)", [nodes, drawn])
    return steady


def seen(steady: JSHandle) -> list[str]:
    """What a reader saw flicker; that nothing was seen says something only where frames were looked at."""
    steady.evaluate("(steady, frames) => steady.look(frames)", FRAMES)
    result = steady.evaluate("steady => steady.result()")
    assert result["frames"] >= FRAMES
    return result["found"]


@pytest.fixture
def run_at_work(runs) -> Iterator[tuple[Run, RunReporter]]:
    """A run that this process works on: what it reports is written as any run's, only that nothing is trained."""
    run = make_run(runs / "at-work", upto="schedule", status="running", name="A run at work")
    with hold(run.folder):
        reporter = RunReporter(run, io.StringIO())
        reporter.start("distill", STEPS, unit="steps")
        yield run, reporter
        run.update(status="cancelled")
    shutil.rmtree(run.folder)  # the other tests' newest run is to stay what it was


def work(reporter: RunReporter, first: int, count: int) -> None:
    for step in range(first, first + count):
        row = {"stage": "distill", "step": step, "epoch": 1 + step // 100, "loss": 2.0 * 0.99**step}
        reporter.metrics({**row, "learning_rate": 1e-3, "tokens": 900 + step, "seconds": 0.05})
        reporter.advance()
    reporter.flush()


def test_the_progress_of_a_run_does_not_flicker(run_at_work, watch):
    run, reporter = run_at_work
    work(reporter, 1, 40)
    page = watch().open("distill", mark=".st-key-loss .scatterlayer", run=run.id, view="progress").page
    page.wait_for_timeout(2 * SECOND)
    steady = watch_over(page, PROGRESS, CURVES)
    for look in range(LOOKS):
        before = page.locator(".stProgress").inner_text()
        work(reporter, 41 + 20 * look, 20)
        expect(page.locator(".stProgress")).not_to_have_text(before)
    assert seen(steady) == []


def press(watched: Watched, part: str, key: str, *addresses: str) -> None:
    """Press a key on a part of the page once for each address that is to come of it."""
    watched.page.locator(part).focus()
    for address in addresses:
        watched.page.keyboard.press(key)
        watched.page.wait_for_url(f"**{address}**")
        watched.settle()


def test_keypoints_do_not_flicker_as_epoch_and_threshold_move(watch, run_ids):
    watched = watch().open("keypoints", run=run_ids["whole"], question="q003", epoch="1")
    steady = watch_over(watched.page, KEYPOINTS)
    press(watched, ".st-key-tokens .epoch input", "ArrowRight", *(f"epoch={epoch}" for epoch in range(2, 6)))
    press(watched, ".st-key-tokens .threshold input", "ArrowRight", "threshold=0.51")
    assert seen(steady) == []


def test_the_map_does_not_flicker_as_stage_and_size_move(watch, run_ids):
    watched = watch().open("questions", run=run_ids["whole"], question="q005", stage="0")
    steady = watch_over(watched.page, QUESTIONS)
    press(watched, ".st-key-map canvas", ".", *(f"stage={stage}" for stage in range(1, 5)))
    press(watched, ".st-key-map .size input", "ArrowRight", "size=1.25")
    assert seen(steady) == []


FLICKERS = {
    "a placeholder was put in": """view => {
        const spinner = document.createElement("div")
        spinner.dataset.testid = "stSpinner"
        view.parentNode.append(spinner)
    }""",
    "shifted": "() => { document.querySelector('.kp-question').style.marginTop = '12px' }",
    "went from": "view => { view.style.marginTop = '12px' }",
    "was taken out": "view => { const parent = view.parentNode; view.remove(); parent.append(view) }",
    "faded": "view => { view.style.opacity = 0.5 }",
    "was not there": "view => { view.querySelector('.token').style.display = 'none' }",
}


@pytest.mark.parametrize("kind", FLICKERS)
def test_a_planted_flicker_is_found(watch, run_ids, kind):
    page = watch().open("keypoints", run=run_ids["whole"], question="q003").page
    steady = watch_over(page, KEYPOINTS, {".st-key-tokens .tv": (".steps", ".token")})
    page.locator(".st-key-tokens .tv").evaluate(FLICKERS[kind])
    page.wait_for_timeout(SECOND / 2)
    assert any(kind in each for each in seen(steady))
