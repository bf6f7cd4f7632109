"""Every page in every state that a run can be in: something is shown, it says what to do, and nothing is raised."""

from __future__ import annotations

import shutil

import pytest

from kpod.config import override
from kpod.presets import PRESETS
from kpod.run_store import load_run
from tests.support.app_pages import PAGES, address_of, element_keys, open_app, shown
from tests.support.made_run import make_run

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(
    "runs", ["whole", "collapsed", "hostile", "prepared", "weighed", "scheduled", "empty run", "none"]
)
def test_every_page_opens_in_every_state(use_runs, page, runs):
    use_runs(runs)
    app = open_app(page)
    assert "kp-head" in shown(app)
    assert not app.error


@pytest.mark.parametrize("page", [page for page in PAGES if page != "distill"])
def test_without_runs_a_page_says_how_to_make_one(use_runs, page):
    use_runs("none")
    app = open_app(page)
    assert f"python -m kpod run --preset {next(iter(PRESETS))}" in shown(app)
    app.button(key="to-distill").click().run()
    assert not app.exception and app.button(key="start")


@pytest.mark.parametrize(
    ("page", "runs", "missing"),
    [
        ("keypoints", "prepared", "No token weights yet"),
        ("curriculum", "weighed", "No schedule yet"),
        ("questions", "prepared", "No map yet"),
        ("questions", "empty run", "No map yet"),
    ],
)
def test_a_run_that_stopped_says_what_is_missing_and_how_to_go_on(use_runs, page, runs, missing):
    folder = use_runs(runs)
    text = shown(open_app(page))
    assert missing in text
    assert f"python -m kpod run --resume {folder / 'run'}" in text


def test_a_failed_run_shows_why(use_runs):
    use_runs("prepared")
    assert "Made to fail: the disk is full." in shown(open_app("overview"))


def test_a_run_without_a_lock_that_says_running_is_shown_as_died(use_runs):
    use_runs("scheduled")
    text = shown(open_app("overview"))
    assert "✕ died" in text and "The process of this run is gone" in text


def test_a_run_that_holds_its_lock_shows_its_progress(tmp_path, monkeypatch):
    monkeypatch.setenv("KPOD_RUNS", str(tmp_path))
    run = make_run(tmp_path / "run", upto="schedule", status="running")
    run.config = override(run.config, ["student.name=nano"])  # whose size is known, so that the rest can be estimated
    run.write_config()
    with run.locked():
        app = open_app("overview")
        text = shown(app)
        assert "◐ running" in text and '<div class="kp-card running" role="listitem"><h3>Distillation' in text
        progress = app.get("progress")[0].proto
        assert progress.value == 25 and progress.text.startswith("distill: 30 of 120 steps")
        assert "1 min 35 s left in this stage" in progress.text and progress.text.endswith("left in all")
        assert "this page fills when its stage “distill” has finished" in shown(open_app("curriculum"))


def test_the_overview_shows_the_figures_of_the_run(use_runs):
    folder = use_runs("whole")
    text = shown(open_app("overview"))
    run = load_run(folder / "run")
    assert f"{len(run.steps)} steps, {len(run.tokens):,} tokens" in text
    assert f"<b>{run.state.summary['accuracy']['accuracy']:.1%}</b>" in text
    assert text.count('<div class="kp-card done"') == 7


@pytest.mark.parametrize("page", ["overview", "keypoints"])
def test_collapsed_weights_are_said_wherever_weights_are_shown(use_runs, page):
    use_runs("collapsed")
    assert "Weights collapsed" in shown(open_app(page))


def test_the_curriculum_shows_its_figures(use_runs):
    use_runs("whole")
    keys = element_keys(open_app("curriculum"))
    assert {"budget", "slack", "matrix", "value", "picks", "difficulty"} <= keys


def test_a_question_is_followed_step_by_step(use_runs):
    folder = use_runs("whole")
    text = shown(open_app("curriculum", question="q003"))
    run = load_run(folder / "run")
    steps = run.table("steps", question="q003")
    assert all(step in text for step in steps["text"])
    # stage 0 to T; supervised exactly where at most so many steps are input
    inputs = run.table("schedule", question="q003").sort_values("stage")["input_steps"]
    expected = sum(int(count <= step) for count in inputs for step in range(len(steps)))
    assert text.count('<td class="on"') == expected


@pytest.mark.parametrize(
    ("page", "button", "mark"),
    [
        ("keypoints", "to-curriculum", "matrix"),
        ("keypoints", "to-questions", "map"),
        ("curriculum", "to-keypoints", "tokens"),
        ("curriculum", "to-questions", "map"),
        ("questions", "to-keypoints", "tokens"),
        ("questions", "to-curriculum", "matrix"),
    ],
)
def test_links_lead_from_page_to_page_with_the_question(use_runs, page, button, mark):
    use_runs("whole")
    app = open_app(page, question="q005")
    app.button(key=button).click().run()
    assert not app.exception
    assert mark in element_keys(app)
    assert app.session_state["question"] == "q005"


def test_an_evaluated_question_has_no_way_to_pages_that_do_not_know_it(use_runs):
    use_runs("whole")
    app = open_app("questions", question="q045")
    assert app.button(key="to-keypoints").disabled
    assert not open_app("questions", question="q005").button(key="to-keypoints").disabled


def test_a_damaged_table_is_a_message_and_not_a_trace(tmp_path, monkeypatch):
    run = make_run(tmp_path / "runs" / "run")
    run.path("schedule").write_bytes(b"PAR1 no parquet at all")
    monkeypatch.setenv("KPOD_RUNS", str(tmp_path / "runs"))
    text = shown(open_app("curriculum"))
    assert "schedule.parquet is damaged" in text and 'role="alert"' in text


def test_a_run_deleted_while_open_gives_way_to_another(tmp_path, monkeypatch):
    monkeypatch.setenv("KPOD_RUNS", str(tmp_path))
    keep, gone = make_run(tmp_path / "keep", name="Kept"), make_run(tmp_path / "gone", name="Gone")
    app = open_app("overview", run=gone.id)
    assert address_of(app)["run"] == gone.id
    shutil.rmtree(gone.folder)
    app.run()
    assert not app.exception
    assert address_of(app)["run"] == keep.id


@pytest.mark.shipped_run
@pytest.mark.parametrize("page", PAGES)
def test_without_runs_of_ones_own_every_page_shows_the_shipped_one(use_runs, page):
    use_runs("none")
    app = open_app(page)
    assert not app.error
    if page == "distill":
        app.segmented_control(key="view").set_value("progress").run()
    assert "python -m kpod run --preset" not in shown(app)
    assert "Small world, nano student" in str([box.options for box in app.selectbox])
