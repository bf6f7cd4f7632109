"""The token view: scrub, play, threshold, pin, tooltip and keys, all in the browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from kpod.run_store import load_run

pytestmark = pytest.mark.browser

TOKENS = ".st-key-tokens .token"
FILL = "node => getComputedStyle(node).backgroundColor"


@pytest.fixture
def view(watch, run_ids):
    return watch().open("keypoints", run=run_ids["whole"], question="q003")


def slide(page, name: str, value: float) -> None:
    """Move a slider as a hand does: while it moves it sends input, at the end change."""
    page.locator(f".st-key-tokens .{name} input").evaluate(
        "(node, to) => { node.value = to; for (const e of ['input', 'change']) node.dispatchEvent(new Event(e)) }",
        value,
    )


def test_every_token_is_there_with_its_step(view, runs):
    run = load_run(runs / "whole")
    tokens = run.table("tokens", question="q003")
    assert view.page.locator(TOKENS).count() == len(tokens)
    assert view.page.locator(".st-key-tokens .step").count() == tokens["step"].nunique()
    difficulty = run.table("steps", question="q003")["difficulty"]
    shown = view.page.locator(".st-key-tokens .difficulty").all_inner_texts()
    assert shown == [f"{value:.2f}" for value in difficulty]


def test_scrubbing_recolours_without_the_server_and_ends_in_the_address(view, runs):
    page = view.page
    history = load_run(runs / "whole").table("weight_history", question="q003")
    first, last = (history[history["epoch"] == epoch].sort_values("position")["weight"] for epoch in (1, 6))
    moved = int((last - first).abs().to_numpy().argmax())
    before = page.locator(TOKENS).nth(moved).evaluate(FILL)
    page.locator(".st-key-tokens .epoch input").evaluate(
        "node => { node.value = 0; node.dispatchEvent(new Event('input')) }"
    )
    assert page.locator(TOKENS).nth(moved).evaluate(FILL) != before
    assert "epoch" not in page.url
    slide(page, "epoch", 0)
    page.wait_for_url("**epoch=1**")
    view.settle()
    assert page.locator(".st-key-tokens .epoch .value").inner_text() == "1 of 6"


def test_the_threshold_counts_what_it_holds(view, runs):
    page = view.page
    tokens = load_run(runs / "whole").table("tokens", question="q003")
    slide(page, "threshold", 0.8)
    page.wait_for_url("**threshold=0.80**")
    above = tokens["weight"] >= 0.8
    assert page.locator(".st-key-tokens .cover.tokens .value").inner_text() == f"{above.mean():.0%}"
    loss = tokens["nll"][above].sum() / tokens["nll"].sum()
    assert page.locator(".st-key-tokens .cover.loss .value").inner_text() == f"{loss:.0%}"
    assert page.locator(".st-key-tokens .token:not(.below)").count() == above.sum()


def test_a_click_pins_a_token_and_shows_its_trajectory(view, runs):
    page = view.page
    page.locator(TOKENS).nth(12).click()
    page.wait_for_url("**token=12**")
    weight = load_run(runs / "whole").table("tokens", question="q003")["weight"].iloc[12]
    assert page.locator(".st-key-tokens .pin-box .facts dd").first.inner_text() == f"{weight:.3f}"
    assert page.locator(".st-key-tokens .trajectory circle").count() == 7  # six epochs and where we are
    page.locator(".st-key-tokens .close").click()
    page.wait_for_url(lambda url: "token=" not in url)
    assert page.locator(".st-key-tokens .trajectory").count() == 0


def test_a_link_shows_epoch_threshold_and_pin(watch, run_ids):
    watched = watch().open("keypoints", run=run_ids["whole"], question="q003", epoch="2", threshold="0.70", token="5")
    page = watched.page
    assert page.locator(".st-key-tokens .epoch .value").inner_text() == "2 of 6"
    assert page.locator(".st-key-tokens .threshold .value").inner_text() == "0.70"
    assert page.locator(f"{TOKENS}.pinned").get_attribute("data-index") == "5"


def test_the_tooltip_says_weight_rank_loss_and_step(view):
    view.page.locator(TOKENS).nth(3).hover()
    tooltip = view.page.locator(".st-key-tokens .tooltip")
    assert tooltip.is_visible()
    assert tooltip.locator("dt").all_inner_texts() == ["weight", "rank", "NLL", "step", "kind"]


def test_keys_walk_over_the_tokens_and_pin(view):
    page = view.page
    page.locator(".st-key-tokens .steps").focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.wait_for_url("**token=2**")
    page.keyboard.press("Escape")
    page.wait_for_url(lambda url: "token=" not in url)
    expect(page.locator(".st-key-tokens .token.pinned")).to_have_count(0)  # from the next frame on


def test_playing_starts_even_where_the_first_frame_lies_before_the_click(watch, run_ids):
    watched = watch().open("keypoints", run=run_ids["whole"], question="q003", epoch="1")
    page = watched.page
    page.evaluate("() => { const real = performance.now.bind(performance); performance.now = () => real() + 200 }")
    page.locator(".st-key-tokens .play").click()
    page.wait_for_url("**epoch=6**")
    assert page.locator(".st-key-tokens .epoch .value").inner_text() == "6 of 6"


def test_playing_runs_to_the_last_epoch_and_stops(watch, run_ids):
    watched = watch().open("keypoints", run=run_ids["whole"], question="q003", epoch="1")
    page = watched.page
    page.locator(".st-key-tokens .play").click()
    page.wait_for_url("**epoch=6**")
    assert page.locator(".st-key-tokens .epoch .value").inner_text() == "6 of 6"
    assert page.locator(".st-key-tokens .play").get_attribute("aria-label") == "Play through the epochs"


def test_the_next_question_replaces_the_tokens(view, runs):
    page = view.page
    page.locator(TOKENS).nth(12).click()
    page.wait_for_url("**token=12**")
    view.settle()
    page.locator(".st-key-next-question button:visible").click()
    page.wait_for_url("**question=q004**")
    view.settle()
    tokens = load_run(runs / "whole").table("tokens", question="q004")
    assert page.locator(TOKENS).count() == len(tokens)
    assert "token=" not in page.url


def test_colours_follow_the_theme(watch, run_ids):
    fills = []
    for scheme in ("light", "dark"):
        watched = watch(scheme=scheme).open("keypoints", run=run_ids["whole"], question="q003")
        fills.append(watched.page.locator(TOKENS).nth(20).evaluate(FILL))
    assert fills[0] != fills[1]
