"""Loading a run on the Distill page: by its path or as an archive, opened from there, every mistake a message."""

from __future__ import annotations

import io
import os

import pytest

from kpod.run_archive import export_run
from kpod.run_store import list_runs, load_run
from tests.support.app_pages import address_of, element_keys, open_app, shown
from tests.support.hostile import assert_harmless, visible
from tests.support.made_run import HOSTILE_NAME, make_run


@pytest.fixture
def runs(tmp_path, monkeypatch):
    monkeypatch.setenv("KPOD_RUNS", str(tmp_path / "runs"))
    return tmp_path / "runs"


def load_path(path: object):
    app = open_app("distill", view="load")
    app.text_input(key="load-path").input(str(path))
    app.button(key="load-load").click().run()
    assert not app.exception
    return app


def test_a_folder_by_its_path_is_copied_and_opens_on_every_page(runs, tmp_path):
    other = make_run(tmp_path / "elsewhere", count=8, name="From elsewhere")
    make_run(runs / "first", count=8, name="First")
    app = load_path(other.folder)
    assert "Loaded" in shown(app) and "From elsewhere" in shown(app)
    assert load_run(runs / "from-elsewhere").id == other.id
    app.button(key="open-curriculum").click().run()
    assert not app.exception and "matrix" in element_keys(app) and address_of(app)["run"] == other.id


def test_a_folder_within_the_runs_folder_is_only_chosen(runs):
    make_run(runs / "first", count=8, name="First")
    second = make_run(runs / "second", count=8, name="Second")
    app = load_path(second.folder)
    assert "It lies in the runs folder already" in shown(app) and sorted(os.listdir(runs)) == ["first", "second"]
    app.button(key="open-overview").click().run()
    assert address_of(app)["run"] == second.id


def test_an_archive_that_is_sent(runs, tmp_path):
    other = make_run(tmp_path / "elsewhere", count=8, name=HOSTILE_NAME)
    stream = io.BytesIO()
    export_run(other, stream, kind="tar.gz")
    app = open_app("distill", view="load")
    app.get("file_uploader")[0].upload("run.tar.gz", stream.getvalue(), "application/gzip").run()
    assert not app.exception and list_runs()[0].id == other.id
    assert_harmless(app)
    assert "&lt;img" in visible(app)


PATHS = ("", "   ", "/", "/etc/passwd", "/proc/self/environ", "../../../../etc", "~root-of-none", "a\0b", "\u202e")
PATHS += ("x" * 999, "<script>alert(1)</script>", "file:///etc/passwd", "http://example.org/run.zip", "C:\\runs")


@pytest.mark.parametrize("path", PATHS)
def test_what_is_no_run_is_a_message_and_leaves_nothing(runs, path):
    app = load_path(path)
    assert "Not loaded" in visible(app) and "root:" not in visible(app) and "PATH=" not in visible(app)
    assert_harmless(app)
    assert not runs.exists() or os.listdir(runs) == []
