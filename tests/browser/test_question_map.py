"""The map: hover, click, lasso, colours, and the ways to other pages."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import numpy as np
import pytest

from kpod.run_store import load_run

pytestmark = pytest.mark.browser


@pytest.fixture
def view(watch, run_ids):
    return watch().open("questions", run=run_ids["whole"])


def screen_positions(view, questions) -> np.ndarray:
    """Where the points lie in the window, by the map's own rule: centred, 88% of the tighter side."""
    box = view.page.locator(".st-key-map canvas").bounding_box()
    x, y = questions["x"].to_numpy(), questions["y"].to_numpy()
    zoom = 0.88 * min(box["width"] / np.ptp(x), box["height"] / np.ptp(y))
    left = box["x"] + box["width"] / 2 + (x - (x.min() + x.max()) / 2) * zoom
    top = box["y"] + box["height"] / 2 - (y - (y.min() + y.max()) / 2) * zoom
    return np.stack([left, top], axis=1)


def test_hovering_names_the_question(view, runs):
    questions = load_run(runs / "whole").questions
    x, y = screen_positions(view, questions)[7]
    view.page.mouse.move(x, y)
    tooltip = view.page.locator(".st-key-map .tooltip")
    tooltip.wait_for(state="visible")
    assert "cluster" in tooltip.inner_text().lower()


def test_a_click_chooses_the_question(view, runs):
    questions = load_run(runs / "whole").questions
    positions = screen_positions(view, questions)
    alone = int(np.argmax([np.sort(np.linalg.norm(positions - p, axis=1))[1] for p in positions]))
    view.page.mouse.click(*positions[alone])
    view.page.wait_for_url(f"**question={questions['question'].iloc[alone]}**")
    view.settle()
    assert questions["text"].iloc[alone] in view.page.locator("[data-testid=stMain]").inner_text()


def test_a_lasso_fills_the_table_and_can_be_cleared(view, runs):
    questions = load_run(runs / "whole").questions
    inside = (questions["cluster"] == 2).to_numpy()
    positions = screen_positions(view, questions)
    low, high = positions[inside].min(axis=0) - 12, positions[inside].max(axis=0) + 12
    caught = ((positions > low) & (positions < high)).all(axis=1).sum()
    page = view.page
    page.locator(".st-key-map .toolbar .lasso").click()
    page.mouse.move(*low)
    page.mouse.down()
    for corner in ((high[0], low[1]), tuple(high), (low[0], high[1]), tuple(low)):
        page.mouse.move(*corner, steps=6)
    page.mouse.up()
    page.get_by_text(f"{caught} of {len(questions)} questions selected").wait_for()
    page.locator(".st-key-map .toolbar .clear").click()
    page.get_by_text(f"All {len(questions)} questions").wait_for()
    assert "lasso=" not in page.url


def test_zoom_and_pan_move_the_picture_and_fit_brings_it_back(view):
    page = view.page
    canvas = page.locator(".st-key-map canvas")
    picture = "node => node.toDataURL()"
    page.wait_for_timeout(300)
    home = canvas.evaluate(picture)
    box = canvas.bounding_box()
    page.mouse.move(box["x"] + 100, box["y"] + 100)
    page.mouse.wheel(0, -400)
    page.wait_for_timeout(300)
    zoomed = canvas.evaluate(picture)
    page.mouse.down()
    page.mouse.move(box["x"] + 200, box["y"] + 160, steps=4)
    page.mouse.up()
    page.wait_for_timeout(300)
    panned = canvas.evaluate(picture)
    page.mouse.move(5, 5)
    page.locator(".st-key-map .toolbar .fit").click()
    page.wait_for_timeout(300)
    assert len({home, zoomed, panned}) == 3
    assert canvas.evaluate(picture) == home


@pytest.mark.parametrize("colour", ["cluster", "difficulty", "stage", "correct", "change", "steps", "split"])
def test_every_colouring_opens_by_its_address(watch, run_ids, colour):
    watched = watch().open("questions", run=run_ids["whole"], colour=colour)
    watched.page.locator(".st-key-map .legend > *").first.wait_for()
    assert watched.page.locator(".st-key-map .legend .ramp").count() == (colour in ("difficulty", "stage", "steps"))


def test_the_curriculum_plays_and_points_fill(view):
    page = view.page
    canvas, bar = page.locator(".st-key-map canvas"), page.locator(".st-key-map .stages")
    page.wait_for_timeout(300)
    before = canvas.evaluate("node => node.toDataURL()")
    canvas.focus()
    page.keyboard.press(".")
    page.wait_for_url("**stage=0**")
    view.settle()
    assert bar.locator(".value").inner_text() == "0 of 5"
    first = canvas.evaluate("node => node.toDataURL()")
    share = int(bar.locator(".readings").inner_text().partition("%")[0])
    assert first != before and share < 100
    page.keyboard.press(" ")
    page.wait_for_url("**stage=5**")  # it played to the end
    view.settle()
    assert bar.locator(".readings").inner_text().startswith("100% of the steps supervised, 100%")
    assert canvas.evaluate("node => node.toDataURL()") != first
    bar.locator(".off").click()
    page.wait_for_url(lambda url: "stage=" not in url)


def test_a_link_opens_stage_size_lasso_and_question(watch, run_ids):
    address = {"stage": "2", "size": "2.5", "lasso": "0_-9~9_-9~9_9~0_9", "question": "q005", "colour": "stage"}
    watched = watch().open("questions", run=run_ids["whole"], **address)
    bar = watched.page.locator(".st-key-map")
    assert bar.locator(".stages .value").inner_text() == "2 of 5"
    assert bar.locator(".size input").input_value() == "2.5"
    assert bar.locator(".toolbar .clear").is_enabled()
    assert "questions selected" in watched.page.locator(".st-key-table-head h2").inner_text()


def test_the_size_of_the_points_is_changed_by_hand_and_stays_in_the_address(view):
    page = view.page
    canvas, slider = page.locator(".st-key-map canvas"), page.locator(".st-key-map .size input")
    page.wait_for_timeout(300)
    before = canvas.evaluate("node => node.toDataURL()")
    slider.focus()
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    page.wait_for_url(lambda url: "size=2" in url)
    view.settle()
    page.wait_for_timeout(300)
    larger = canvas.evaluate("node => node.toDataURL()")
    assert larger != before and slider.input_value() == "2"
    for _ in range(4):
        page.keyboard.press("ArrowLeft")
    page.wait_for_url(lambda url: "size=" not in url)
    view.settle()
    page.wait_for_timeout(300)
    assert canvas.evaluate("node => node.toDataURL()") == before


def test_the_map_is_saved_with_its_legend_as_png_and_as_svg(watch, run_ids, runs):
    questions = load_run(runs / "whole").questions
    watched = watch().open("questions", run=run_ids["whole"], question="q005", colour="cluster")
    watched.page.wait_for_timeout(300)
    name, content = watched.saved(".st-key-map .save.png")
    assert name == "questions.png" and content.startswith(b"\x89PNG\r\n")
    assert int.from_bytes(content[20:24], "big") > watched.page.locator(".st-key-map canvas").bounding_box()["height"]
    name, content = watched.saved(".st-key-map .save.svg")
    root = ET.fromstring(content)
    assert name == "questions.svg" and root.tag.endswith("svg")
    texts = ["".join(node.itertext()) for node in root.findall("{*}text")]
    assert "Cluster" in texts and texts.count("pens, more0, each0") == 3  # halo and name on the map, and the legend
    points = [node for node in root.findall("{*}path") if node.get("fill") not in (None, "none")]
    assert sum(node.get("d").count("M") for node in points) >= len(questions)


def test_the_title_of_the_longest_colouring_is_whole(watch, run_ids):
    watched = watch().open("questions", run=run_ids["whole"], colour="change")
    title = watched.page.locator(".st-key-map .legend .title")
    assert title.inner_text() == "Answer before and after distillation"
    assert title.evaluate(
        "node => node.scrollWidth <= node.clientWidth + 1 || getComputedStyle(node).display === 'inline'"
    )


def test_a_neighbour_becomes_the_chosen_question(watch, run_ids):
    watched = watch().open("questions", run=run_ids["whole"], question="q005")
    watched.page.locator(".st-key-neighbour-0 button:visible").first.click()
    watched.page.wait_for_url(lambda url: "question=" in url and "question=q005" not in url)
    watched.settle()
    assert watched.page.locator(".st-key-neighbour-0 button:visible").count()


def test_a_cluster_is_renamed_and_renamed_back(view, runs):
    page = view.page
    legend = page.locator(".st-key-map .legend")
    assert "pens, more0, each0" in legend.inner_text()
    for typed, button, shown in (("Buying <i>pens</i>", "save", "Buying <i>pens</i>"), (None, "reset", "pens, more0")):
        field = page.locator("[data-testid=stPopoverBody] input").first
        if not field.is_visible():
            page.locator(".st-key-cluster-names button").first.click()
        if typed:
            field.fill(typed)
        page.locator(f".st-key-{button}-names button").click()
        legend.get_by_text(shown).first.wait_for()
        view.settle()
    assert not (runs / "whole" / "notes.json").exists()


def test_a_lasso_goes_on_to_the_curriculum(watch, run_ids):
    watched = watch().open("questions", run=run_ids["whole"], question="q005", lasso="0_-9~9_-9~9_9~0_9")
    watched.page.locator(".st-key-to-curriculum button").click()
    watched.page.wait_for_url("**/curriculum?**lasso=**")
    watched.page.get_by_text("in the lasso of the map").wait_for()
    watched.settle()  # the choice of a question stands below the matrix
    assert "question=q005" in watched.page.url


def test_hostile_texts_stay_texts_on_the_map(watch, run_ids):
    watched = watch().open("questions", run=run_ids["hostile"], question="q003", stage="1")
    assert watched.page.locator(".st-key-map .legend :is(script, img, style)").count() == 0
    assert watched.page.locator(".st-key-neighbours :is(script, img, a)").count() == 0
    assert watched.scroll_excess() <= 0


def test_a_question_opens_in_the_other_pages(watch, run_ids):
    for button, path in (("to-keypoints", "keypoints"), ("to-curriculum", "curriculum")):
        watched = watch().open("questions", run=run_ids["whole"], question="q009")
        watched.page.locator(f".st-key-{button} button").click()
        watched.page.wait_for_url(f"**/{path}?**question=q009**")
        watched.settle()
        assert watched.page.locator(".st-key-question input").input_value().startswith("q009 ")
