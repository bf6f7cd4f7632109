"""Hostile runs on every page: what is in them stays text, damage is a message, and nothing is raised or written."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from kpod.run_store import load_run
from tests.support.app_pages import PAGES, open_app
from tests.support.hostile import assert_harmless, visible
from tests.support.hostile_runs import (
    BROKEN_TABLES,
    GOING,
    NAMES,
    NUM_CASES,
    ODD_STATES,
    UNREADABLE,
    make_cases,
)
from tests.support.made_run import make_run

pytestmark = pytest.mark.slow

VIEWS = ({"page": "distill", "view": "progress"}, *({"page": page} for page in PAGES if page != "distill"))


@pytest.fixture(scope="module")
def places(tmp_path_factory) -> dict[str, Path]:
    """Runs folders by what is in them; in each a run that is well."""
    root = tmp_path_factory.mktemp("hostile")
    for name, cases in (("unreadable", UNREADABLE), ("odd", ODD_STATES), ("tables", BROKEN_TABLES)):
        make_run(root / name / "well", count=8, name="A run that is well")
        cases_of = make_cases(root / name, cases)
        (root / f"{name}.json").write_text(json.dumps({case: run_id for run_id, case in cases_of.items()}))
    return {name: root / name for name in ("unreadable", "odd", "tables")}


@pytest.fixture(scope="module")
def named(tmp_path_factory) -> tuple[Path, dict[str, str]]:
    """A runs folder with a run of every hostile name, and the runs' ids by their names; read only."""
    root = tmp_path_factory.mktemp("names")
    made = {}
    for number, name in enumerate(NAMES):
        run = make_run(root / f"{number:02d}", count=6, upto="prepare", status="failed", name="x")
        run.update(name=name)
        made[name] = run.id
    return root, made


@pytest.fixture(scope="module")
def two_runs(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("two") / "runs"
    make_run(root / "run", count=8, name="Open")
    make_run(root / "other", count=8, name="Other")
    return root


@pytest.fixture
def place(places, monkeypatch):
    def use(name: str) -> dict[str, str]:
        monkeypatch.setenv("KPOD_RUNS", str(places[name]))
        return json.loads(places[name].with_suffix(".json").read_text())

    return use


def test_there_are_more_than_sixty_cases():
    assert NUM_CASES > 100


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view["page"])
def test_hostile_names_are_text_in_every_list(named, monkeypatch, view):
    monkeypatch.setenv("KPOD_RUNS", str(named[0]))
    app = open_app(**view)
    assert_harmless(app)
    assert len(app.selectbox(key="run").options) == len(NAMES)


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_a_hostile_name_is_text_where_its_run_is_shown(named, monkeypatch, name):
    root, ids = named
    monkeypatch.setenv("KPOD_RUNS", str(root))
    for view in VIEWS[:2]:
        app = open_app(**view, run=ids[name])
        assert app.selectbox(key="run").value == ids[name]
        assert_harmless(app)
    assert len(os.listdir(root)) == len(NAMES)


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view["page"])
def test_runs_that_cannot_be_read_are_passed_over(place, view):
    place("unreadable")
    app = open_app(**view, run="id-07")
    assert_harmless(app)
    assert app.selectbox(key="run").options == ["A run that is well · finished"]


@pytest.mark.parametrize("case", UNREADABLE)
def test_the_list_says_why_a_run_cannot_be_read(place, places, case):
    """And nothing of what a link leads to is shown."""
    number = list(UNREADABLE).index(case)
    place("unreadable")
    text = visible(open_app("overview"))
    assert str(places["unreadable"] / f"case-{number:02d}") in text or f"{number:02d}/" in text
    assert "root:" not in text and not Path("/tmp/evil").exists()


@pytest.mark.parametrize("case", ODD_STATES)
def test_odd_runs_are_shown_on_every_page(place, case):
    run_id = place("odd")[case]
    for view in VIEWS:
        app = open_app(**view, run=run_id)
        assert app.selectbox(key="run").value == run_id
        assert_harmless(app)


@pytest.mark.parametrize("case", BROKEN_TABLES)
def test_broken_tables_are_messages_on_every_page(place, case, nothing_unexpected, recwarn):
    run_id = place("tables")[case]
    for view in VIEWS:
        app = open_app(**view, run=run_id)
        assert app.selectbox(key="run").value == run_id
        assert_harmless(app)
    assert not [str(warning) for warning in recwarn if issubclass(warning.category, RuntimeWarning)]
    nothing_unexpected.clear()  # tables that contradict each other may end in anything but a trace on the page


@pytest.mark.parametrize("befalls", GOING)
@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view["page"])
def test_a_run_that_goes_while_it_is_open(two_runs, tmp_path, monkeypatch, view, befalls):
    runs = shutil.copytree(two_runs, tmp_path / "runs")
    monkeypatch.setenv("KPOD_RUNS", str(runs))
    run = load_run(runs / "run")
    app = open_app(**view, run=run.id)
    GOING[befalls](run.folder)
    app.run()
    assert_harmless(app)
    if "tables" not in befalls:
        assert app.selectbox(key="run").options == ["Other · finished"]


def tree(root: Path) -> dict[str, tuple[int, int]]:
    return {str(path): (path.lstat().st_mtime_ns, path.lstat().st_size) for path in root.rglob("*")}


def test_looking_at_hostile_runs_writes_nothing(place, places):
    place("odd")
    before = tree(places["odd"].parent)
    for view in VIEWS:
        open_app(**view)
    assert tree(places["odd"].parent) == before


def test_the_last_run_may_go_too(tmp_path, monkeypatch):
    monkeypatch.setenv("KPOD_RUNS", str(tmp_path))
    run = make_run(tmp_path / "run", count=8)
    app = open_app("keypoints", run=run.id)
    shutil.rmtree(run.folder)
    app.run()
    assert_harmless(app)
    assert "No runs yet" in visible(app)
