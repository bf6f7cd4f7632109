"""Every page in a real browser: opened cold and warm, on every kind of run, with run and question in the address."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from kpod.run_store import load_run
from tests.support.app_browser import PAGES, Watched
from tests.support.app_server import serve

pytestmark = pytest.mark.browser


def check_every_page(context, url: str, folder: Path) -> None:
    """Open every page on a run and fail on any error; works for every run that has finished."""
    run = load_run(folder)
    question = run.questions["question"].iloc[0]
    for name in PAGES:
        watched = Watched(context, url)
        try:
            watched.open(name, run=run.id, question=question).check()
        finally:
            watched.close()


def test_every_page_opens_on_a_run(profile, server, runs):
    check_every_page(profile(), server, runs / "whole")


@pytest.mark.parametrize("name", PAGES)
def test_a_deep_link_works_as_the_first_request_ever(profile, runs, run_ids, tmp_path, name):
    with serve(runs, tmp_path / "log.txt") as url:
        watched = Watched(profile(), url)
        try:
            watched.open(name, run=run_ids["whole"], question="q007")
            assert watched.page.get_by_test_id("stTopNavLink").count() == 6
            if name in ("keypoints", "curriculum"):
                assert watched.page.locator(".st-key-question input").input_value().startswith("q007 ")
            watched.check()
        finally:
            watched.close()


def test_the_address_carries_run_and_question_from_page_to_page(watch, run_ids):
    watched = watch().open("keypoints", run=run_ids["whole"], question="q004")
    page = watched.page
    page.locator(".st-key-next-question button:visible").click()
    page.wait_for_url("**question=q005**")
    watched.settle()
    page.get_by_test_id("stTopNavLink").get_by_text("Curriculum").click()
    page.wait_for_url("**/curriculum?**question=q005**")
    watched.settle()
    assert run_ids["whole"] in page.url
    page.get_by_test_id("stTopNavLink").get_by_text("Overview").click()
    page.wait_for_url(lambda url: "curriculum" not in url)
    watched.settle()
    assert run_ids["whole"] in page.url
    page.get_by_test_id("stTopNavLink").get_by_text("Keypoints").click()
    page.wait_for_url("**/keypoints?**question=q005**")


def test_the_chosen_run_is_not_lost_on_the_form_of_a_new_one(watch, run_ids):
    for name in ("collapsed", "whole"):  # one of them is not the first of the list
        watched = watch().open("results", run=run_ids[name])
        for title in ("Distill", "Questions"):
            watched.page.get_by_test_id("stTopNavLink").get_by_text(title).click()
            watched.page.wait_for_url(f"**/{title.lower()}?**")
            watched.page.locator(PAGES[title.lower()][1]).first.wait_for(state="attached")
            watched.settle()
        assert f"run={run_ids[name]}" in watched.page.url


def test_back_in_the_browser_goes_back_to_the_question(watch, run_ids):
    watched = watch().open("keypoints", run=run_ids["whole"], question="q004")
    page = watched.page
    page.locator(".st-key-next-question button:visible").click()
    page.wait_for_url("**question=q005**")
    watched.settle()
    page.go_back()
    page.wait_for_url("**question=q004**")
    expect(page.locator(".st-key-question input")).to_have_value(re.compile("^q004 "))


def test_choosing_a_row_opens_the_run(watch, run_ids):
    watched = watch().open("overview", run=run_ids["whole"])
    box = watched.page.locator(".st-key-run-list canvas").first.bounding_box()
    watched.page.mouse.click(box["x"] + 16, box["y"] + 35 + 17)  # the first row's mark
    watched.page.wait_for_url(lambda url: run_ids["whole"] not in url)
    assert any(f"run={identifier}" in watched.page.url for identifier in run_ids.values())


def test_a_stopped_run_says_how_to_go_on(watch, run_ids):
    watched = watch().open("curriculum", is_empty=True, run=run_ids["stopped"])
    assert watched.page.locator(".kp-empty code").inner_text().startswith("python -m kpod run --resume ")


@pytest.mark.parametrize("name", ["overview", "keypoints"])
def test_collapsed_weights_are_said(watch, run_ids, name):
    watched = watch().open(name, run=run_ids["collapsed"])
    assert "Weights collapsed" in watched.page.locator(".kp-notice.warning").first.inner_text()


def test_every_page_opens_on_a_run_of_the_command_line(profile, tiny_run, tmp_path):
    with serve(tiny_run.parent, tmp_path / "log.txt") as url:
        check_every_page(profile(), url, tiny_run)
