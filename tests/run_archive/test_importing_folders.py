"""Run folders from elsewhere: copied whole or not at all, without links and without what is no part of a run."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from kpod.errors import InputError
from kpod.run_archive import export_run, import_folder, import_run
from kpod.run_store import FORMAT_VERSION, Run, load_run
from tests.support.made_run import make_run


@pytest.fixture
def elsewhere(tmp_path) -> Run:
    return make_run(tmp_path / "elsewhere" / "run", count=8, name="From elsewhere")


@pytest.fixture
def runs(tmp_path) -> Path:
    return tmp_path / "runs"


def test_a_folder_is_copied_and_stays_where_it_is(elsewhere, runs):
    before = sorted(os.listdir(elsewhere.folder))
    imported = import_run(elsewhere.folder, runs)
    assert imported.run.folder == runs / "from-elsewhere" and imported.remarks == ()
    assert imported.run.state == elsewhere.state and imported.run.config == elsewhere.config
    assert imported.run.questions.equals(elsewhere.questions)
    assert sorted(os.listdir(elsewhere.folder)) == before and os.listdir(runs) == ["from-elsewhere"]


def test_what_was_trained_is_copied_too_and_nothing_that_is_no_part_of_a_run(elsewhere, runs):
    (elsewhere.folder / "adapter").mkdir()
    for name in ("adapter/adapter_config.json", "adapter/evil.bin", "evil.py", "cancel", "process.json"):
        (elsewhere.folder / name).write_text("{}")
    folder = import_folder(elsewhere.folder, runs).run.folder
    assert (folder / "adapter/adapter_config.json").read_text() == "{}"
    assert not any((folder / name).exists() for name in ("adapter/evil.bin", "evil.py", "cancel", "process.json"))


def test_a_link_among_the_files_is_refused_and_one_to_a_folder_not_followed(elsewhere, runs, tmp_path):
    (tmp_path / "others").mkdir()
    (tmp_path / "others" / "secret.json").write_text("{}")
    (elsewhere.folder / "adapter").symlink_to(tmp_path / "others")
    folder = import_folder(elsewhere.folder, runs).run.folder
    assert not (folder / "adapter").exists()
    (elsewhere.folder / "log.txt").unlink(missing_ok=True)
    (elsewhere.folder / "log.txt").symlink_to(tmp_path / "others" / "secret.json")
    with pytest.raises(InputError, match=r"log\.txt is a link, a folder or a pipe"):
        import_folder(elsewhere.folder, runs)


def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(elsewhere, runs):
    os.mkfifo(elsewhere.folder / "notes.json")
    with pytest.raises(InputError, match=r"notes\.json is a link, a folder or a pipe"):
        import_folder(elsewhere.folder, runs)


def test_a_run_of_the_runs_folder_is_only_opened(runs):
    run = make_run(runs / "mine", count=8)
    imported = import_run(runs / "mine", runs)
    assert imported.run.folder == run.folder and imported.remarks == ("It lies in the runs folder already.",)
    assert import_run(runs / "mine" / ".." / "mine", runs).run.folder == run.folder
    assert os.listdir(runs) == ["mine"]


def test_an_id_that_is_taken_becomes_another(elsewhere, runs):
    first = import_run(elsewhere.folder, runs).run
    second = import_run(elsewhere.folder, runs)
    assert first.id == elsewhere.id != second.run.id and second.run.folder == runs / "from-elsewhere-2"
    assert elsewhere.id in second.remarks[0]


def test_an_archive_by_its_path(elsewhere, runs, tmp_path):
    with open(tmp_path / "a.tar.gz", "wb") as stream:
        export_run(elsewhere, stream, kind="tar.gz")
    assert import_run(tmp_path / "a.tar.gz", runs).run.id == elsewhere.id


def test_a_run_at_work_is_not_copied(elsewhere, runs):
    with elsewhere.locked(), pytest.raises(InputError, match=r"is at work .* Load it when it has ended"):
        import_run(elsewhere.folder, runs)


def damage(run: Run, how: str) -> None:
    path = run.folder / "run.json"
    if how == "newer":
        path.write_text(json.dumps(json.loads(path.read_text()) | {"format_version": FORMAT_VERSION + 1}))
    elif how == "cut state":
        path.write_bytes(path.read_bytes()[:-20])
    elif how == "no configuration":
        (run.folder / "config.yaml").unlink()
    elif how == "cut table":
        tokens = run.path("tokens")
        tokens.write_bytes(tokens.read_bytes()[:-30])


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("newer", "newer KPOD Studio"),
        ("cut state", r"run\.json is damaged"),
        ("no configuration", "No configuration file"),
        ("cut table", r"In .*elsewhere/run tokens\.parquet is damaged"),
    ],
)
def test_a_damaged_folder_is_refused_and_nothing_of_it_kept(elsewhere, runs, how, message):
    damage(elsewhere, how)
    with pytest.raises(InputError, match=message):
        import_run(elsewhere.folder, runs)
    assert not runs.exists() or os.listdir(runs) == []


@pytest.mark.parametrize(
    "path", ["/", "/proc/self", "/dev/null", "~nobody-of-this-name/x", "a\0b", "x" * 5000, "", "..", "fifo"]
)
def test_a_path_that_is_no_run_says_so(runs, tmp_path, path):
    if path == "fifo":  # opening it would wait for ever
        os.mkfifo(tmp_path / path)
        path = str(tmp_path / path)
    with pytest.raises(InputError, match=r"is no run|is no path|nothing to load at"):
        import_run(Path(path), runs)


def test_a_folder_of_runs_names_them(elsewhere, runs):
    with pytest.raises(InputError, match=r"It holds runs: give one of 'run' in it"):
        import_run(elsewhere.folder.parent, runs)


def test_a_loaded_run_can_be_worked_on(elsewhere, runs):
    run = import_run(elsewhere.folder, runs).run
    with run.locked():
        run.update(name="Changed")
    assert load_run(run.folder).name == "Changed" and load_run(elsewhere.folder).name == "From elsewhere"
