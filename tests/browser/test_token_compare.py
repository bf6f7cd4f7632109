"""The comparison of two sets of weights in Chromium: units, the list of what lies farthest apart, files."""

from __future__ import annotations

import csv
import io
import xml.etree.ElementTree as ET

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

PIECES = ".st-key-comparison .panel.D .token"
LINES = """nodes => nodes.map(node => {
    const style = getComputedStyle(node)
    return parseFloat(style.borderTopWidth) - parseFloat(style.borderBottomWidth)
})"""


@pytest.fixture
def view(watch, run_ids):
    address = {"view": "Compare", "question": "q003", "other": run_ids["second"]}
    return watch().open("keypoints", mark=PIECES, run=run_ids["whole"], **address)


def differences(view) -> list[dict[str, str]]:
    _, content = view.saved(".st-key-comparison .save:text-is('CSV')")
    return list(csv.DictReader(io.StringIO(content.decode())))


def test_the_second_cue_is_as_long_as_the_difference_and_vanishes_near_zero(view):
    rows = [float(row["difference"]) for row in differences(view)]
    lines = view.page.locator(PIECES).evaluate_all(LINES)
    assert lines == [pytest.approx(4 * row, abs=0.51) for row in rows]  # above for A, below for B
    near = [line for line, row in zip(lines, rows, strict=True) if abs(row) < 0.12]
    assert near and set(near) == {0}


def test_words_and_steps_are_compared_and_stay_in_the_address(view):
    page = view.page
    count = page.locator(PIECES).count()
    for unit in ("words", "steps"):
        page.locator(".st-key-unit").get_by_text(unit, exact=True).click()
        page.wait_for_url(f"**unit={unit}**")
        expect(page.locator(".st-key-comparison .legend .head").first).to_have_text(f"Weight of a {unit[:-1]}")
        view.settle()
        assert page.locator(PIECES).count() < count
        count = page.locator(PIECES).count()
    assert count == page.locator(".st-key-comparison .panel.D .line").count()


def test_the_farthest_apart_say_where_they_are_and_lead_there(view):
    page = view.page
    rows = differences(view)
    farthest = max((row for row in rows if row["text"].strip()), key=lambda row: abs(float(row["difference"])))
    mover = page.locator(".st-key-comparison .mover").first
    expect(mover.locator(".place")).to_have_text(f"step {farthest['step']}, token {farthest['place']}")
    mover.click()
    page.mouse.move(5, 5)
    marked = page.locator(f"{PIECES}.pointed")
    expect(marked).to_have_attribute("data-index", farthest["piece"])  # and it stays so when the pointer leaves
    expect(marked).to_be_in_viewport()
    page.keyboard.press("Escape")
    expect(marked).to_have_count(0)


@pytest.mark.parametrize("form", ["PNG", "SVG"])
def test_the_comparison_is_saved_as_a_picture(view, form):
    name, content = view.saved(f".st-key-comparison .save:text-is('{form}')")
    assert name == f"difference-q003.{form.lower()}"
    if form == "PNG":
        assert content.startswith(b"\x89PNG\r\n") and len(content) > 5_000
        return
    root = ET.fromstring(content)
    text = "".join(root.itertext())
    assert "Farthest apart" in text and "Difference A − B" in text
    assert len(root.findall("{*}rect")) > 3 * view.page.locator(PIECES).count()


def test_the_figure_over_all_rationales_is_saved_as_the_reader_chose(view):
    page = view.page
    page.locator(".st-key-figure-format").get_by_text("SVG figures").click()
    page.wait_for_url("**figure-format=svg**")
    view.settle()
    page.locator(".st-key-agreement").hover()
    name, content = view.saved(".st-key-agreement .modebar-btn[data-title*='Download']")
    assert name == "kpod-agreement.svg" and b"<svg" in content[:400]
