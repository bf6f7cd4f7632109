"""The Results page in Chromium: every view, flips between two runs, what is downloaded, figures as PNG and SVG."""

from __future__ import annotations

import io
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import expect

from kpod.run_store import load_run
from tests.support.app_browser import RESULTS
from tests.support.made_ablation import METHODS, SEEDS

pytestmark = pytest.mark.browser


def downloaded(page, button: str) -> tuple[str, bytes]:
    """What a button downloads: the file's name and content."""
    with page.expect_download() as caught:
        page.locator(f"{button} button").first.click()
    return caught.value.suggested_filename, Path(caught.value.path()).read_bytes()


def csv(page, key: str) -> pd.DataFrame:
    name, content = downloaded(page, f".st-key-csv-{key}")
    assert name.endswith(f"-{key}.csv")
    return pd.read_csv(io.BytesIO(content))


@pytest.fixture
def view(watch, run_ids):
    """Open a view of the page on the whole run, cold by its address."""

    def open_view(name: str, **address: str):
        return watch().open("results", mark=RESULTS[name], run=run_ids["whole"], view=name, **address)

    return open_view


def test_the_views_follow_each_other_and_stand_in_the_address(view):
    watched = view("Accuracy")
    for name, mark in RESULTS.items():
        watched.page.locator(".st-key-view").get_by_text(name, exact=True).click()
        watched.page.locator(mark).first.wait_for(state="attached")
        watched.settle()
        assert name == "Accuracy" or f"view={name.replace(' ', '+')}" in watched.page.url
        watched.check()


def test_every_answer_is_downloaded(view, runs):
    watched = view("Accuracy")
    predictions = load_run(runs / "whole").predictions
    accuracy = csv(watched.page, "accuracy")
    assert accuracy["correct"].tolist() == predictions.groupby("epoch")["correct"].sum().tolist()
    assert (accuracy["low"] < accuracy["accuracy"]).all() and (accuracy["accuracy"] < accuracy["high"]).all()
    watched.page.get_by_text("Every answer").click()
    answers = csv(watched.page, "answers")
    assert answers["output"].tolist() == predictions["output"].tolist()


def test_flips_between_two_runs_are_counted_listed_and_downloaded(view, runs, run_ids):
    watched = view("Two runs", other=run_ids["second"])
    page = watched.page
    expect(page.locator(".kp-figures")).to_contain_text("McNemar")
    expect(page.get_by_text("questions flipped")).to_contain_text("5 of 12 questions flipped")
    table = csv(page, "comparison")
    tables = [
        load_run(runs / name).predictions.query("epoch > 0").set_index("question") for name in ("whole", "second")
    ]
    apart = tables[0].index[tables[0]["correct"] != tables[1]["correct"]]
    flipped = table[table["change"].isin(("only this run", "only the other"))]
    assert sorted(flipped["question"]) == sorted(apart) and len(apart) == 5
    page.locator(".st-key-change").get_by_text("both right").click()
    page.wait_for_url("**change=both+right**")
    watched.settle()


def test_the_table_of_questions_is_filtered_and_a_row_chosen(view, runs):
    watched = view("Questions", outcome="wrong")
    page = watched.page
    wrong = load_run(runs / "whole").predictions.query("epoch > 0 and not correct")["question"].tolist()
    expect(page.locator(".kp-section h2").first).to_have_text(wrong[0])
    box = page.locator(".st-key-answer-table canvas").first.bounding_box()
    page.mouse.click(box["x"] + 16, box["y"] + 35 + 35 + 17)  # the mark of the second row
    page.wait_for_url(f"**question={wrong[1]}**")
    expect(page.locator(".kp-section h2").first).to_have_text(wrong[1])
    assert page.locator(".kp-beside .kp-checked").count() == 2


def test_the_first_wrong_step_of_the_student_is_marked(watch, run_ids):
    watched = watch().open("results", mark=".kp-beside", run=run_ids["second"], view="Questions", question="q043")
    marked = watched.page.locator(".kp-checked li.first")
    expect(marked.first).to_contain_text("first wrong step")
    expect(marked.first.locator("mark")).to_have_text("6 * 7 = 43")
    expect(marked.first.locator("em")).to_have_text("6 * 7 is 42")


@pytest.mark.parametrize("form", ["png", "svg"])
def test_a_figure_is_saved_as_the_reader_chose(view, form):
    watched = view("Accuracy", **{"figure-format": form})
    page = watched.page
    page.locator(".st-key-accuracy").hover()
    with page.expect_download() as caught:
        page.locator(".st-key-accuracy .modebar-btn[data-title*='Download']").first.click()
    content = Path(caught.value.path()).read_bytes()
    assert caught.value.suggested_filename == f"kpod-accuracy.{form}"
    assert content.startswith(b"\x89PNG") if form == "png" else b"<svg" in content[:400]


def test_an_ablation_shows_its_methods_and_hands_out_its_tables(view):
    watched = view("Ablations")
    summary = csv(watched.page, "ablation-summary")
    assert summary["method"].tolist() == list(METHODS) and (summary["seeds"] == len(SEEDS)).all()
    assert len(csv(watched.page, "ablation-results")) == len(METHODS) * len(SEEDS)
    assert watched.page.locator(".st-key-ablation-steps .plot-container").count() == 1


def test_costs_are_downloaded(view, runs):
    table = csv(view("Cost").page, "costs")
    stages = load_run(runs / "whole").state.stages
    assert table["stage"].tolist() == [*stages, "all stages"]
    assert table["seconds"].iloc[-1] == pytest.approx(sum(record.seconds for record in stages.values()))
