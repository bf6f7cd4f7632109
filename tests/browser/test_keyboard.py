"""The components by keyboard alone: epochs, tokens and steps, concordance, comparison and the matrix of stages."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


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
    assert page.locator(".st-key-comparison .tooltip dt").all_inner_texts() == ["A", "B", "A − B", "step"]


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
