"""The app by keyboard alone: Tab reaches every control and shows where it is; keys work the components."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.support.app_browser import FOCUS, PAGES, RESULTS

pytestmark = pytest.mark.browser

MOST_TABS = 400  # Tab walks over the cells of a table's row as well
TABBED = {name: (name, "", {}) for name in PAGES} | {
    "distill-load": ("distill", ".kp-empty", {"view": "load"}),
    "distill-teacher": ("distill", ".kp-section", {"view": "teach"}),
    "keypoints-compare": ("keypoints", ".st-key-comparison .token", {"view": "Compare"}),
    "keypoints-concordance": ("keypoints", ".st-key-concordance .row", {"view": "Concordance", "search": "trees"}),
    "keypoints-corpus": ("keypoints", ".st-key-words canvas", {"view": "Corpus"}),
    "curriculum-difficulty": ("curriculum", ".kp-path", {"view": "Difficulty"}),
    "curriculum-what-if": ("curriculum", ".plot-container", {"view": "What if"}),
    **{f"results-{name}": ("results", mark, {"view": name}) for name, mark in RESULTS.items()},
}


def walk_by_tab(page: Page, spoil: str = "") -> dict:
    """What Tab reaches from the page's start (a count), misses, and does not mark; `spoil` is run in between."""
    focus = page.evaluate_handle(FOCUS)
    focus.evaluate("focus => focus.start()")
    if spoil:
        page.evaluate(spoil)
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        if not focus.evaluate("focus => focus.step()"):
            break
    return focus.evaluate("focus => focus.result()")


@pytest.mark.parametrize("name", TABBED)
def test_tab_reaches_every_control_and_shows_it(watch, run_ids, name):
    page, mark, address = TABBED[name]
    question = "q043" if page == "results" else "q003"  # measured on, or learned from
    watched = watch().open(page, mark=mark, run=run_ids["whole"], question=question, **address)
    found = walk_by_tab(watched.page)
    assert found["missed"] == found["unmarked"] == []
    assert found["reached"] >= 10


def test_a_control_that_tab_does_not_reach_is_found(watch, run_ids):
    page = watch().open("overview", run=run_ids["whole"]).page
    found = walk_by_tab(page, "() => { document.querySelector('.st-key-to-distill button').tabIndex = -1 }")
    assert len(found["missed"]) == 1 and "Start a run" in found["missed"][0]


@pytest.fixture
def keypoints(watch, run_ids):
    def open_view(**address: str):
        return watch().open("keypoints", run=run_ids["whole"], question="q003", **address)

    return open_view


def test_the_epochs_are_scrubbed_and_played_by_keys(keypoints):
    page = keypoints(epoch="6").page
    page.locator(".st-key-tokens .epoch input").focus()
    page.keyboard.press("Home")
    page.wait_for_url("**epoch=1**")
    page.keyboard.press("ArrowRight")
    page.wait_for_url("**epoch=2**")
    page.locator(".st-key-tokens .play").focus()
    page.keyboard.press("Space")
    page.wait_for_url("**epoch=6**")
    scrubbed = page.locator(".st-key-tokens .epoch input")
    assert scrubbed.input_value() == scrubbed.get_attribute("max")


def test_arrows_walk_over_tokens_and_steps_and_say_where_they_are(keypoints):
    page = keypoints().page
    page.locator(".st-key-tokens .steps").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".st-key-tokens .token.hovered")).to_have_attribute("data-index", "0")
    expect(page.locator(".st-key-tokens [role=status]")).to_contain_text("weight")
    page.keyboard.press("ArrowDown")
    expect(page.locator(".st-key-tokens .step >> nth=1").locator(".token.hovered")).to_have_count(1)
    page.keyboard.press("ArrowUp")
    expect(page.locator(".st-key-tokens .token.hovered")).to_have_attribute("data-index", "0")
    page.keyboard.press("End")
    last = page.locator(".st-key-tokens .token").count() - 1
    expect(page.locator(".st-key-tokens .token.hovered")).to_have_attribute("data-index", str(last))
    page.keyboard.press("Escape")
    expect(page.locator(".st-key-tokens .token.hovered")).to_have_count(0)


def test_the_concordance_opens_a_rationale_by_keys(keypoints):
    page = keypoints(mark=".st-key-concordance .row", view="Concordance", search="trees").page
    rows = page.locator(".st-key-concordance .row")
    wanted = rows.nth(1).locator(".id").inner_text()
    rows.first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.locator(".st-key-tokens .token.pinned").wait_for()
    assert f"question={wanted}" in page.url and "token=" in page.url


def test_the_comparison_is_walked_by_keys(keypoints):
    page = keypoints(mark=".st-key-comparison .token", view="Compare").page
    page.locator(".st-key-comparison .panel.A .text").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    pointed = page.locator(".st-key-comparison .token.pointed")
    assert pointed.evaluate_all("nodes => nodes.map(node => node.dataset.panel + node.dataset.index)") == [
        "A1",
        "B1",
        "D1",
    ]
    assert page.locator(".st-key-comparison .tooltip dt").all_inner_texts() == ["A", "B", "A − B", "place"]


def test_the_matrix_changes_stage_and_question_by_keys(watch, run_ids):
    watched = watch().open("curriculum", run=run_ids["whole"], question="q003", stage="0")
    page = watched.page
    page.locator(".st-key-matrix canvas").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_url("**stage=1**")
    watched.settle()
    page.locator(".st-key-matrix canvas").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "question=q003" not in url)
    assert "stage=1" in page.url


def test_the_epochs_of_difficulty_are_scrubbed_and_played_by_keys(watch, run_ids):
    watched = watch().open("curriculum", mark=".kp-path", run=run_ids["whole"], question="q003", view="Difficulty")
    page = watched.page
    player = page.locator(".st-key-matrix")
    value = player.locator(".slider .value")
    slider = player.locator(".slider input")
    slider.focus()
    page.keyboard.press("Home")
    expect(value).to_have_text("0 of 10")
    page.keyboard.press("ArrowRight")
    expect(value).to_have_text("1 of 10")
    player.locator("canvas").focus()
    page.keyboard.press("ArrowRight")
    expect(value).to_have_text("2 of 10")
    page.keyboard.press("ArrowLeft")
    expect(value).to_have_text("1 of 10")
    player.locator(".play").focus()
    page.keyboard.press("Space")
    expect(value).to_have_text("10 of 10")


def test_a_row_of_answers_is_chosen_by_keys(watch, run_ids):
    watched = watch().open("results", mark=".kp-beside", run=run_ids["whole"], view="Questions")
    page = watched.page
    title = page.locator(".kp-section h2").first
    before = title.inner_text()
    page.locator(".st-key-answer-table canvas").first.focus()
    for key in ("ArrowDown", "ArrowDown", "Shift+Space"):
        page.keyboard.press(key)
    expect(title).not_to_have_text(before)
