"""Runs exported, loaded, renamed, annotated and deleted on the Overview."""

from __future__ import annotations

import io
import os

import pytest

from kpod.run_archive import export_run
from kpod.run_management import read_note, write_note
from kpod.run_store import list_runs, load_run
from kpod.ui import reads
from tests.support.app_pages import address_of, open_app, shown
from tests.support.made_run import HOSTILE_NAME, HOSTILE_TEXTS, make_run


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("KPOD_RUNS", str(tmp_path / "runs"))
    return make_run(tmp_path / "runs" / "run", count=8, name="First")


def page(text: str) -> str:
    """What the page shows, without its style sheet."""
    return text.split("</style>")[-1]


def test_a_run_gets_another_name_and_a_note(run):
    app = open_app("overview")
    app.text_input(key="name of run").input("Second")
    app.text_area(key="note on run").input("Seeds 1 to 3.\nBest so far.")
    app.button(key="save-edit").click().run()
    assert not app.exception
    assert load_run(run.folder).name == "Second" and read_note(run.folder) == "Seeds 1 to 3.\nBest so far."
    assert "Best so far." in shown(app) and "<h2>Second</h2>" in shown(app)
    assert app.dataframe[0].value["note"].tolist() == ["Seeds 1 to 3. Best so far."]


@pytest.mark.parametrize("text", [*HOSTILE_TEXTS, HOSTILE_NAME])
def test_hostile_notes_and_names_are_text(run, tmp_path, text):
    write_note(run, text, tmp_path / "runs")
    run.update(name=text[:120])
    shown_text = page(shown(open_app("overview")))
    assert not any(tag in shown_text for tag in ("<script", "<img src=x", "<style", "<h1>big", "<a href"))
    assert not any(hidden in shown_text for hidden in "\u202e\u200b\x00\x07\x1b")


def test_an_empty_name_is_refused_on_the_page(run):
    app = open_app("overview")
    app.text_input(key="name of run").input("   ")
    app.button(key="save-edit").click().run()
    assert "A run&#x27;s name has 1 to 120 characters" in shown(app)
    assert load_run(run.folder).name == "First"


def test_a_run_is_deleted_after_the_question(run, tmp_path):
    other = make_run(tmp_path / "runs" / "other", count=8, name="Other")
    app = open_app("overview", run=run.id)
    assert any("Delete **First** with its tables" in each.value for each in app.markdown)
    app.button(key="delete-for-good").click().run()
    assert not app.exception and "First is gone." in shown(app)
    assert os.listdir(tmp_path / "runs") == ["other"] and address_of(app)["run"] == other.id


def test_the_last_run_can_be_deleted_too(run):
    app = open_app("overview")
    app.button(key="delete-for-good").click().run()
    assert not app.exception and "No runs yet" in shown(app)


def test_a_run_at_work_cannot_be_deleted_or_renamed(run):
    app = open_app("overview")
    run.update(status="running")
    with run.locked():
        app.button(key="delete-for-good").click().run()
        assert "Cancel it first, then delete it" in shown(app)
        app.text_input(key="name of run").input("New")
        app.text_area(key="note on run").input("while it runs")
        app.button(key="save-edit").click().run()
    assert "Rename it when it has ended" in shown(app)
    assert load_run(run.folder).name == "First" and read_note(run.folder) == "while it runs"


def test_a_run_that_was_deleted_by_another_is_a_message(run, tmp_path):
    make_run(tmp_path / "runs" / "other", count=8, name="Other")
    app = open_app("overview", run=run.id)
    os.rename(run.folder, tmp_path / "elsewhere")
    app.button(key="delete-for-good").click().run()
    assert not app.exception and "Not deleted" in shown(app)


@pytest.mark.shipped_run
def test_the_shipped_example_can_only_be_exported(run):
    example = load_run(reads.EXAMPLE_RUN)
    app = open_app("overview", run=example.id)
    keys = {button.key for button in app.button}
    assert not {"delete-for-good", "save-edit"} & keys


def upload(app, content: bytes, name: str = "run.zip"):
    app.get("file_uploader")[0].upload(name, content, "application/zip").run()
    return app


def packed(run, **options) -> bytes:
    stream = io.BytesIO()
    export_run(run, stream, **options)
    return stream.getvalue()


@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
def test_an_archive_is_loaded_and_opened(run, tmp_path, kind):
    content = packed(run, kind=kind)
    app = upload(open_app("overview"), content, f"run.{kind}")
    assert not app.exception
    loaded = next(each for each in list_runs() if each.folder != run.folder)
    assert address_of(app)["run"] == loaded.id != run.id
    assert f"A run with the id {run.id} is here already" in shown(app)


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04", b"\x1f\x8b"])
def test_what_is_no_archive_is_a_message(run, content):
    app = upload(open_app("overview"), content)
    assert not app.exception and "Not loaded" in shown(app)
    assert [each.id for each in list_runs()] == [run.id]
