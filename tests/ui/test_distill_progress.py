"""The progress of a run in every state that it can be in, and what can be done there."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from kpod import jobs, presets
from kpod.config import override
from kpod.config_forms import assignments_of
from kpod.run_store import load_run
from kpod.ui.distill_actions import _started
from tests.support.app_pages import address_of, element_keys, open_app, shown
from tests.support.made_run import HOSTILE_NAME, make_run
from tests.support.tiny_runs import tiny_config, write_questions

pytestmark = pytest.mark.slow

LIMIT_SECONDS = 180


def progress_of(folder: Path, monkeypatch, **made):
    """The page on a made run."""
    monkeypatch.setenv("KPOD_RUNS", str(folder))
    run = make_run(folder / "run", **made)
    return run, open_app("distill", view="progress", run=run.id)


def write_metrics(run, steps: int) -> None:
    rows = [
        {"stage": "distill", "step": step, "epoch": 1, "loss": 1 / (step + 1), "learning_rate": 1e-3, "tokens": 50,
         "seconds": 0.25}
        for step in range(steps)
    ]  # fmt: skip
    (run.folder / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_without_a_run_there_is_nothing_to_watch(tmp_path, monkeypatch):
    monkeypatch.setenv("KPOD_RUNS", str(tmp_path))
    assert "No run yet" in shown(open_app("distill", view="progress"))


def test_a_running_run_shows_stage_speed_and_curves_and_can_be_cancelled(tmp_path, monkeypatch):
    monkeypatch.setenv("KPOD_RUNS", str(tmp_path))
    run = make_run(tmp_path / "run", upto="schedule", status="running")
    write_metrics(run, 30)
    with run.locked():
        app = open_app("distill", view="progress", run=run.id)
        text = shown(app)
        assert "◐ running" in text and '<tr class="running">' in text and '<tr class="waiting">' in text
        assert app.get("progress")[0].proto.text.startswith("distill: 30 of 120 steps")
        assert "<b>200</b><span>tokens a second</span>" in text
        assert {"loss", "rate"} <= element_keys(app)
        assert app.button(key="cancel-yes") and not [each for each in app.button if each.key == "resume"]
        app.button(key="cancel-yes").click().run()
        assert (run.folder / "cancel").is_file()
        assert "◐ stopping" in shown(app)


def test_a_run_that_ends_while_its_page_is_drawn_can_be_resumed(tmp_path, monkeypatch):
    """The page looks once at how a run stands: with two looks it drew `Cancel`, then saw the end and looked no more."""
    looks = iter([jobs.JobState("running", stage="distill")])
    monkeypatch.setattr(jobs, "state", lambda run: next(looks, jobs.JobState("cancelled")))
    _, app = progress_of(tmp_path, monkeypatch, upto="schedule", status="cancelled")
    assert "◼ cancelled" in shown(app)
    assert app.button(key="resume") and "cancel-yes" not in {each.key for each in app.button}


def test_a_run_that_begins_while_its_page_is_drawn_is_named_running(tmp_path, monkeypatch):
    """The choice of a run is drawn with the page, its progress every second: both must say the same."""
    monkeypatch.setenv("KPOD_RUNS", str(tmp_path))
    run = make_run(tmp_path / "run", upto="schedule", status="queued")
    look = jobs.state

    def begins(of):
        if load_run(run.folder).state.status == "queued":
            run.update(status="running")
        return look(of)

    monkeypatch.setattr(jobs, "state", begins)
    with run.locked():
        app = open_app("distill", view="progress", run=run.id)
        assert "◐ running" in shown(app)
        assert app.selectbox(key="run").format_func(run.id).endswith("· running")


def test_a_finished_run_leads_to_its_pages(tmp_path, monkeypatch):
    run, app = progress_of(tmp_path, monkeypatch)
    assert "● finished" in shown(app) and '<tr class="waiting">' not in shown(app)
    keys = {each.key for each in app.button}
    assert {"open-overview", "open-keypoints", "open-curriculum", "open-questions"} <= keys
    assert not {"resume", "cancel-yes"} & keys
    app.button(key="open-curriculum").click().run()
    assert not app.exception and "matrix" in element_keys(app)
    assert address_of(app)["run"] == run.id


@pytest.mark.parametrize(
    ("status", "mark", "why"),
    [
        ("failed", "✕ failed", "Made to fail: the disk is full."),
        ("cancelled", "◼ cancelled", "This run was cancelled"),
        ("running", "✕ died", "The process of this run died"),
    ],
)
def test_how_a_run_ended_is_told_apart_and_it_can_be_resumed(tmp_path, monkeypatch, status, mark, why):
    _, app = progress_of(tmp_path, monkeypatch, upto="losses", status=status)
    text = shown(app)
    assert mark in text and why in text
    others = {"This run failed", "This run was cancelled", "The process of this run died"} - {why}
    assert sum(other in text for other in others) == (status == "failed")
    assert app.button(key="resume")


def test_the_last_lines_of_a_run_that_died_are_shown_as_text(tmp_path, monkeypatch):
    run = make_run(tmp_path / "run", upto="losses", status="running")
    run.append_log("<script>alert(1)</script> \u202e last words \x1b[31m")
    monkeypatch.setenv("KPOD_RUNS", str(tmp_path))
    app = open_app("distill", view="progress", run=run.id)
    assert "last words" in app.code[0].value
    assert "\u202e" not in app.code[0].value and "\x1b" not in app.code[0].value
    assert "<script>" not in shown(app)


@pytest.mark.parametrize("form", ["png", "svg"])
def test_figures_are_saved_in_the_form_that_the_address_names(tmp_path, monkeypatch, form):
    monkeypatch.setenv("KPOD_RUNS", str(tmp_path))
    run = make_run(tmp_path / "run", count=8)
    write_metrics(run, 30)
    app = open_app("distill", view="progress", run=run.id, **{"figure-format": form})
    charts = [each.proto.config.replace(" ", "") for each in app.get("plotly_chart")]
    assert len(charts) >= 2 and all(f'"format":"{form}"' in config for config in charts)


def test_a_hostile_run_is_text(tmp_path, monkeypatch):
    _, app = progress_of(tmp_path, monkeypatch, hostile=True)
    text = shown(app)
    assert "<img" not in text and "\u202e" not in text and HOSTILE_NAME[:4] == "<img"


def test_settings_of_a_run_go_into_a_new_one(tmp_path, monkeypatch):
    run, app = progress_of(tmp_path, monkeypatch)
    app.button(key="clone").click().run()
    assert app.button(key="start") and app.session_state["draft"].config() == run.config


def test_a_damaged_state_is_a_message(tmp_path, monkeypatch):
    run, _ = progress_of(tmp_path, monkeypatch)
    (run.folder / "run.json").write_text('{"id": ')
    app = open_app("distill", view="progress", run=run.id)
    assert not app.exception and "No run yet" in shown(app)


@pytest.fixture
def tiny_address(tmp_path, monkeypatch, tiny_llama_folder):
    """A runs folder, and the address of a form for a run of seconds."""
    monkeypatch.setenv("KPOD_RUNS", str(tmp_path / "runs"))
    source = write_questions(tmp_path / "questions.jsonl", trained=2, measured=1)  # too few for UMAP, which compiles
    config = tiny_config(source, tiny_llama_folder, name="From the form")
    return {"preset": "example", "set": assignments_of(config, "example")}


def wait_for(run, *states: str) -> str:
    end = time.monotonic() + LIMIT_SECONDS
    while time.monotonic() < end:
        found = jobs.state(run).status
        if found in states:
            return found
        time.sleep(0.3)
    raise AssertionError(f"{jobs.state(run)}: {jobs.log_tail(run)}")


def test_a_run_started_from_the_form_is_watched_to_its_end(tmp_path, tiny_address):
    app = open_app("distill", **tiny_address)
    app.button(key="start").click().run()
    assert not app.exception and not [each for each in app.button if each.key == "start"], shown(app)
    (folder,) = [path for path in (tmp_path / "runs").iterdir() if (path / "run.json").is_file()]
    run = load_run(folder)
    assert address_of(app)["run"] == run.id and address_of(app)["view"] == "progress"
    assert wait_for(run, "finished", "failed", "died") == "finished"
    app.run()
    assert "● finished" in shown(app)
    assert [name for name in load_run(folder).state.stages][-1] == "evaluate"


def clicked_twice():
    import streamlit as st

    from kpod.ui import distill_draft
    from kpod.ui.distill_actions import start

    distill_draft.current()
    start("one button")
    start("one button")
    st.text(st.session_state.get("action-failed", "started"))


def test_two_clicks_of_one_button_start_one_run(tmp_path, tiny_address):
    app = AppTest.from_function(clicked_twice, default_timeout=LIMIT_SECONDS)
    app.query_params["preset"], app.query_params["set"] = tiny_address["preset"], tiny_address["set"]
    app.run()
    assert not app.exception and app.text[0].value == "started"
    runs = [path for path in (tmp_path / "runs").iterdir() if (path / "run.json").is_file()]
    assert len(runs) == 1
    jobs.cancel(load_run(runs[0]), grace_seconds=1.0, wait=True)


def test_the_script_of_a_second_click_beside_the_first_starts_no_other_run(tmp_path, tiny_address):
    config = presets.get(tiny_address["preset"])
    config = override(config, tiny_address["set"])
    with ThreadPoolExecutor(2) as scripts:
        keys = list(scripts.map(lambda _: _started("one more button", config), range(2)))
    runs = [path for path in (tmp_path / "runs").iterdir() if (path / "run.json").is_file()]
    assert len(runs) == 1 and keys == [load_run(runs[0]).id] * 2
    jobs.cancel(load_run(runs[0]), grace_seconds=1.0, wait=True)
