"""A run as files in Chromium: exported and loaded again, renamed, annotated and, asked first, deleted."""

from __future__ import annotations

import shutil
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from kpod.run_archive import KINDS
from kpod.run_management import read_note
from kpod.run_store import list_runs, load_run
from tests.support.made_run import HOSTILE_NAME, make_run

pytestmark = pytest.mark.browser

TRAINED = ("adapter/adapter_model.safetensors", "weight_generator.safetensors")


@pytest.fixture(scope="module")
def files_server(chromium, tmp_path_factory) -> Iterator[tuple[str, Path]]:
    from tests.support.app_server import serve

    root = tmp_path_factory.mktemp("files")
    with serve(root / "runs", root / "server.txt") as url:
        yield url, root / "runs"


@pytest.fixture
def runs(files_server) -> Iterator[Path]:
    """The server's folder of runs, with one run in it that has a trained student, and nothing else."""
    root = files_server[1]
    run = make_run(root / "run", count=8, name="First")
    for name in TRAINED:
        (run.folder / name).parent.mkdir(exist_ok=True)
        (run.folder / name).write_bytes(bytes(range(256)) * 40)
    yield root
    shutil.rmtree(root)


@pytest.fixture
def overview(profile, files_server, runs) -> Iterator:
    from tests.support.app_browser import Watched

    watched = Watched(profile(), files_server[0])
    watched.open("overview", run=load_run(runs / "run").id)
    yield watched
    try:
        watched.check()
    finally:
        watched.close()


def open_popover(watched, key: str) -> None:
    watched.page.locator(f".st-key-{key} button").first.click()
    watched.page.get_by_test_id("stPopoverBody").wait_for()


def members(path: Path) -> dict[str, bytes]:
    """The files of an archive by their names below the run's folder."""
    if path.name.endswith(".zip"):
        with zipfile.ZipFile(path) as archive:
            return {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}
    with tarfile.open(path) as archive:
        return {each.name.partition("/")[2]: archive.extractfile(each).read() for each in archive if each.isfile()}


@pytest.mark.parametrize("trained", [False, True], ids=["tables alone", "with what was trained"])
@pytest.mark.parametrize("kind", KINDS)
def test_what_export_downloads_loads_again_through_the_upload(overview, runs, tmp_path, kind, trained):
    page, first = overview.page, load_run(runs / "run")
    open_popover(overview, "export")
    if trained:
        said = page.get_by_test_id("stPopoverBody").get_by_text("before packing")
        before = said.inner_text()
        page.locator(".st-key-export-trained label").click()
        expect(said).not_to_have_text(before)  # the mark is set at once, what a click downloads with the next drawing
        overview.settle()
    with page.expect_download() as download:
        page.locator(f".st-key-export-{kind.replace('.', '-')} button").click()
    assert download.value.suggested_filename == f"first.{kind}"
    archive = tmp_path / download.value.suggested_filename
    download.value.save_as(archive)
    held = members(archive)
    assert {"run.json", "config.yaml", "tokens.parquet"} <= set(held)
    assert {name: content for name, content in held.items() if name in TRAINED} == (
        {name: (first.folder / name).read_bytes() for name in TRAINED} if trained else {}
    )
    page.keyboard.press("Escape")
    page.get_by_test_id("stPopoverBody").wait_for(state="detached")
    open_popover(overview, "import")
    page.get_by_test_id("stPopoverBody").locator("input[type=file]").set_input_files(archive)
    expect(page.locator(".kp-notice", has_text="Loaded")).to_be_visible()
    (loaded,) = [run for run in list_runs(runs) if run.id != first.id]
    assert f"run={loaded.id}" in page.url
    assert loaded.name == "First" and loaded.tokens.equals(first.tokens)
    for name in TRAINED:
        assert (loaded.folder / name).is_file() == trained
    overview.settle()
    expect(page.locator(".kp-card.done")).to_have_count(7)


def test_a_file_that_is_no_archive_is_refused_and_the_page_stays(overview, runs, tmp_path):
    wrong = tmp_path / "run.zip"
    wrong.write_bytes(b"no archive")
    open_popover(overview, "import")
    overview.page.get_by_test_id("stPopoverBody").locator("input[type=file]").set_input_files(wrong)
    expect(overview.page.locator(".kp-notice.error", has_text="Not loaded")).to_be_visible()
    assert [run.name for run in list_runs(runs)] == ["First"]


def test_a_run_is_renamed_and_gets_a_note(overview, runs):
    page = overview.page
    open_popover(overview, "edit")
    body = page.get_by_test_id("stPopoverBody")
    body.get_by_label("Name", exact=True).fill(HOSTILE_NAME)
    body.get_by_label("Note", exact=True).fill("Best so far.\n<script>alert(1)</script>")
    body.get_by_role("button", name="Save").click()
    expect(page.locator(".kp-run h2")).to_contain_text("<img src=x onerror=alert('name')> **run**")
    expect(page.locator(".kp-note p")).to_contain_text("<script>alert(1)</script>")
    run = load_run(runs / "run")
    assert run.name == run.config.name == HOSTILE_NAME and read_note(run.folder).startswith("Best so far.\n")


def test_a_run_is_deleted_only_after_the_question(overview, runs):
    page = overview.page
    other = make_run(runs / "other", count=8, name="Other")
    open_popover(overview, "delete")
    body = page.get_by_test_id("stPopoverBody")
    expect(body).to_contain_text("Delete First with its tables, checkpoints and log? It cannot be undone.")
    page.keyboard.press("Escape")
    body.wait_for(state="detached")
    assert (runs / "run" / "run.json").is_file()
    open_popover(overview, "delete")
    body.get_by_role("button", name="Delete for good").click()
    expect(page.locator(".kp-notice", has_text="First is gone.")).to_be_visible()
    expect(page.locator(".kp-run h2")).to_have_text("Other")
    assert [path.name for path in runs.iterdir() if not path.name.startswith(".")] == ["other"]
    assert f"run={other.id}" in page.url
