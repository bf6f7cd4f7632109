"""Difficulty over the epochs in every state."""

from __future__ import annotations

import json

import pytest

from kpod.config import override
from kpod.run_store import Run
from tests.support.app_pages import address_of, element_keys, open_app, shown
from tests.support.made_run import make_run

RECORDED = (3, 9)  # rows of the questions whose difficulty is recorded at every epoch


@pytest.fixture
def probed_run(tmp_path, monkeypatch) -> Run:
    run = make_run(tmp_path / "run", count=12)
    history = run.difficulty_history
    run.write_table("difficulty_history", history[history["question_index"].isin(RECORDED)])
    run.config = override(run.config, [f"distillation.probe_questions={len(RECORDED)}"])
    run.write_config()
    monkeypatch.setenv("KPOD_RUNS", str(tmp_path))
    return run


@pytest.mark.parametrize("counted", ["from the start", "from the end", "<b>"])
def test_all_steps_by_position_and_one_question(use_runs, counted):
    use_runs("whole")
    keys = element_keys(open_app("curriculum", view="Difficulty", counted=counted, question="q003"))
    assert {"matrix", "all-difficulty", "difficulty-by-position", "difficulty"} <= keys


def test_before_distillation_it_says_what_is_missing(use_runs):
    use_runs("scheduled")
    assert "No difficulties by epoch yet" in shown(open_app("curriculum", view="Difficulty"))


def test_a_page_with_choices_in_its_address_can_be_left(use_runs):
    use_runs("whole")
    app = open_app("curriculum", view="Difficulty", counted="from the end", question="q003")
    app.button(key="to-keypoints").click().run()
    assert not app.exception
    assert "tokens" in element_keys(app) and app.session_state["question"] == "q003"


@pytest.mark.parametrize("view", ["Schedule", "Difficulty"])
def test_a_question_without_a_history_says_why_and_leads_to_one_that_has(probed_run, view):
    app = open_app("curriculum", view=view, question="q005")
    page = shown(app)
    assert "No difficulty by epoch for this question" in page
    assert "for 2 of 12 questions" in page and "distillation.probe_questions is 2" in page
    assert {"difficulty-before", "to-recorded"} <= element_keys(app)
    app.button(key="to-recorded").click().run()
    assert address_of(app)["question"] == "q009" and "difficulty" in element_keys(app)
    assert "difficulty-before" not in element_keys(app)


def test_after_the_last_recorded_question_comes_the_first(probed_run):
    app = open_app("curriculum", question="q011")
    app.button(key="to-recorded").click().run()
    assert address_of(app)["question"] == "q003"


def test_the_first_question_is_one_that_has_a_history(probed_run):
    app = open_app("curriculum", view="Difficulty")
    assert address_of(app)["question"] == "q003" and "difficulty" in element_keys(app)


def test_the_matrix_has_the_recorded_questions_alone(probed_run):
    app = open_app("curriculum", view="Difficulty", rows="length")
    component = next(one for one in app.get("bidi_component") if '"cells"' in one.proto.json)
    assert set(json.loads(component.proto.json)["questions"]) == {"q003", "q009"}
    assert any("for 2 of 12 questions" in caption.value for caption in app.caption)
