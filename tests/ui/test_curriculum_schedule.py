"""The schedule as a matrix: what reaches the component."""

from __future__ import annotations

import json

import pytest

from kpod.cluster_names import rename_clusters
from kpod.run_store import load_run
from kpod.ui.curriculum_matrix import _told_apart
from tests.support.app_pages import ROOT, element_keys, open_app, shown
from tests.support.made_run import make_run


def payload_of(app) -> dict:
    component = next(one for one in app.get("bidi_component") if '"cells"' in one.proto.json)
    return json.loads(component.proto.json)


@pytest.mark.parametrize("order", ["order of supervision", "cluster", "length", "difficulty"])
def test_the_matrix_has_every_question_in_the_order_asked_for(use_runs, order):
    run = load_run(use_runs("whole") / "run")
    payload = payload_of(open_app("curriculum", rows=order, question="q003", stage="2"))
    wide = run.schedule.pivot(index="question", columns="stage", values="input_steps")
    assert sorted(payload["questions"]) == sorted(wide.index)
    assert payload["cells"] == wide.loc[payload["questions"]].to_numpy().tolist()
    assert payload["questions"][payload["chosen"]] == "q003" and payload["stage"] == 2
    if order == "length":
        assert payload["lengths"] == sorted(payload["lengths"])


@pytest.mark.parametrize("first", ["all", "lasso"])
@pytest.mark.parametrize("cells", ["input steps", "difficulty"])
def test_a_lasso_that_another_page_brought_is_told_from_none(use_runs, first, cells):
    """A switch of page comes without an address: the lasso is then known to the session alone."""
    run = load_run(use_runs("whole") / "run")
    questions = run.questions
    east = set(questions["question"][questions["x"] > 0])

    def rows(lasso: bool) -> set[str]:
        app = open_app("keypoints", question="q005")
        if lasso:
            app.session_state["lasso"] = (run.id, "0_-9~9_-9~9_9~0_9")
        app.query_params.clear()
        app.session_state["cells"] = cells
        app.switch_page(str(ROOT / "pages" / "curriculum.py")).run()
        assert not app.exception
        return set(payload_of(app)["questions"])

    for lasso in (True, False) if first == "lasso" else (False, True):
        inside = rows(lasso) - {"q005"}
        assert inside and (inside <= east) == lasso


def test_the_matrix_frames_a_question_as_soon_as_it_is_chosen_below(use_runs):
    use_runs("whole")
    app = open_app("curriculum", question="q003", stage="2")
    picker = app.selectbox(key="question")
    picker.select(next(option for option in picker.options if option.startswith("q007 "))).run()
    payload = payload_of(app)
    assert payload["questions"][payload["chosen"]] == "q007"


def test_other_rows_make_another_matrix_though_they_are_as_many():
    one, other = ["q001", "q002", "q003"], ["q001", "q002", "q004"]
    assert _told_apart(one) == _told_apart(list(one)) != _told_apart(other)


def test_a_stage_that_is_none_falls_back_to_the_last(use_runs):
    use_runs("whole")
    assert payload_of(open_app("curriculum", stage="99"))["stage"] == 5


def test_coloured_by_difficulty_a_row_is_a_step(use_runs):
    run = load_run(use_runs("whole") / "run")
    app = open_app("curriculum", question="q003", stage="7")
    assert payload_of(app)["kind"] == "steps" and payload_of(app)["stage"] == 5
    next(one for one in app.get("button_group") if one.key == "cells").set_value("difficulty").run()
    assert not app.exception
    payload, history = payload_of(app), run.difficulty_history
    assert payload["kind"] == "difficulty" and payload["stages"] == sorted(history["epoch"].unique())
    assert len(payload["cells"]) == len(run.steps) and payload["questions"][payload["chosen"]] == "q003"
    assert "Difficulty by epoch" in shown(app)
    linked = payload_of(open_app("curriculum", cells="difficulty", stage="7"))
    assert linked["kind"] == "difficulty" and linked["stage"] == 7  # an epoch after the last stage
    assert payload_of(open_app("curriculum", cells="<b>"))["kind"] == "steps"


def test_coloured_by_difficulty_before_distillation_it_says_what_is_missing(use_runs):
    use_runs("scheduled")
    app = open_app("curriculum", cells="difficulty")
    assert "No difficulties by epoch yet" in shown(app) and "matrix" not in element_keys(app)


def test_picks_have_the_names_that_the_map_has(tmp_path, monkeypatch):
    run = make_run(tmp_path / "run", upto="schedule")
    monkeypatch.setenv("KPOD_RUNS", str(tmp_path))
    rename_clusters(run, {1: "<i>Sea</i>"})
    app = open_app("curriculum")
    picks = next(one for one in app.get("plotly_chart") if "all questions, then the picks" in one.proto.spec)
    names = [trace["name"] for trace in json.loads(picks.proto.spec)["data"]]
    assert names[:2] == ["pens, more0, each0", "&lt;i&gt;Sea&lt;/i&gt;"]
