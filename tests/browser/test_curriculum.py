"""The matrices of the Curriculum page in a real browser: played, paused, worked by keys, coloured otherwise, saved."""

from __future__ import annotations

import csv
from pathlib import Path
from xml.etree import ElementTree

import pytest
from playwright.sync_api import Locator, Page, expect

from kpod.charts.difficulty_matrix import difficulty_matrix
from kpod.run_store import load_run

pytestmark = pytest.mark.browser

LAST_STAGE, LAST_EPOCH = "5", "10"
STAGES = {"": ("Play through the stages", LAST_STAGE), "difficulty": ("Play through the epochs", LAST_EPOCH)}


@pytest.fixture
def open_matrix(watch, run_ids):
    def open_page(**address: str) -> Page:
        return watch().open("curriculum", run=run_ids["whole"], question="q003", **address).page

    return open_page


def slider(page: Page) -> Locator:
    return page.locator(".st-key-matrix .slider input")


def button(page: Page) -> Locator:
    return page.locator(".st-key-matrix .play")


def moved(page: Page, beyond: int) -> None:
    page.wait_for_function(
        "([root, beyond]) => Number(root.value) > beyond", arg=[slider(page).element_handle(), beyond]
    )


@pytest.mark.parametrize("cells", STAGES)
def test_play_goes_through_to_the_end_and_stays_in_the_address(open_matrix, cells):
    name, last = STAGES[cells]
    page = open_matrix(stage=str(int(last) - 2), **({"cells": cells} if cells else {}))
    expect(button(page)).to_have_attribute("aria-label", name)
    assert button(page).evaluate("play => { play.click(); return play.getAttribute('aria-label') }") == "Pause"
    page.wait_for_url(f"**stage={last}**")
    expect(button(page)).to_have_attribute("aria-label", name)
    expect(slider(page)).to_have_value(last)


def test_play_at_the_end_begins_anew(open_matrix):
    page = open_matrix(stage=LAST_STAGE)
    button(page).click()
    page.wait_for_function("root => Number(root.value) < 5", arg=slider(page).element_handle())
    page.wait_for_url("**stage=5**")
    expect(slider(page)).to_have_value(LAST_STAGE)


def test_pause_stops_where_it_is(open_matrix):
    page = open_matrix(stage="0")
    button(page).click()
    moved(page, 0)
    button(page).click()
    expect(button(page)).to_have_attribute("aria-label", "Play through the stages")
    held = slider(page).input_value()
    assert held != LAST_STAGE
    page.wait_for_url(f"**stage={held}**")
    page.wait_for_timeout(1500)  # longer than a stage takes
    assert slider(page).input_value() == held


def test_space_plays_and_an_arrow_stops_and_steps_back(open_matrix):
    page = open_matrix(stage="1")
    page.locator(".st-key-matrix canvas").focus()
    page.keyboard.press("Space")
    expect(button(page)).to_have_attribute("aria-label", "Pause")
    moved(page, 1)
    page.keyboard.press("ArrowLeft")
    expect(button(page)).to_have_attribute("aria-label", "Play through the stages")
    held = slider(page).input_value()
    page.wait_for_url(f"**stage={held}**")
    page.wait_for_timeout(1500)
    assert slider(page).input_value() == held


def test_the_colour_is_chosen_and_a_link_opens_the_same(open_matrix):
    page = open_matrix()
    expect(page.locator(".st-key-matrix .legend")).to_contain_text("input steps: 0")
    page.locator(".st-key-cells").get_by_text("difficulty").click()
    page.wait_for_url("**cells=difficulty**")
    expect(page.locator(".st-key-matrix .legend")).to_contain_text("difficulty d in nats")
    page.reload()
    expect(page.locator(".st-key-matrix .legend")).to_contain_text("still input")
    page.locator(".st-key-matrix canvas").focus()
    page.keyboard.press("ArrowDown")
    facts = page.locator(".st-key-matrix .tooltip .facts")
    expect(facts).to_contain_text("nats, supervised")
    expect(facts).to_contain_text("epoch 10: d = ")


def test_saved_as_svg_a_step_that_is_still_input_is_a_narrow_bar(open_matrix, runs, tmp_path):
    matrix = _difficulty_of(runs / "whole")
    page = open_matrix(cells="difficulty")
    with page.expect_download() as saved:
        page.locator(".st-key-matrix .save", has_text="SVG").click()
    saved.value.save_as(tmp_path / "matrix.svg")
    rects = ElementTree.parse(tmp_path / "matrix.svg").getroot().findall("{http://www.w3.org/2000/svg}rect")
    cells = [rect for rect in rects if rect.get("fill") not in ("none", "#2f7ebc")][1:]  # after the paper
    bars = [float(rect.get("width")) for rect in cells]
    assert len(bars) == matrix.difficulty.size
    narrow, wide = sorted(set(bars))
    assert narrow < wide / 2
    assert bars.count(narrow) == matrix.since.sum()


def test_saved_as_csv_it_has_the_difficulties(open_matrix, runs, tmp_path):
    matrix = _difficulty_of(runs / "whole")
    page = open_matrix(cells="difficulty")
    with page.expect_download() as saved:
        page.locator(".st-key-matrix .save", has_text="CSV").click()
    saved.value.save_as(tmp_path / "matrix.csv")
    with (tmp_path / "matrix.csv").open(newline="", encoding="utf-8") as file:
        head, *rows = csv.reader(file)
    assert head[:4] == ["question", "step", "supervised_from_epoch", "difficulty_epoch_0"]
    assert [row[0] for row in rows] == matrix.questions
    assert [int(row[2]) for row in rows] == matrix.since.tolist()
    assert [float(row[3]) for row in rows] == pytest.approx(matrix.difficulty[:, 0].tolist(), abs=1e-4)


def _difficulty_of(folder: Path):
    run = load_run(folder)
    return difficulty_matrix(run.difficulty_history, run.schedule, run.questions, run.steps, "order of supervision")
