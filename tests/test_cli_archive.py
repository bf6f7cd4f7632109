"""`export` and `import` on the command line: there and back, and every mistake answered."""

from __future__ import annotations

import os
import zipfile

import pytest

from kpod.run_store import list_runs
from tests.support.made_run import HOSTILE_NAME, make_run


@pytest.fixture(autouse=True)
def in_an_empty_folder(monkeypatch, tmp_path):
    """Archives are written where the command is given."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def run(tmp_path):
    made = make_run(tmp_path / "runs" / "run", count=8, name="First")
    (made.folder / "adapter").mkdir()
    (made.folder / "adapter" / "adapter_config.json").write_text("{}")
    return made


@pytest.mark.parametrize("name", ["a.zip", "a.tar.gz", "A.TGZ"])
def test_there_and_back(kpod, run, tmp_path, monkeypatch, name):
    code, out, _ = kpod("export", "First", "--out", name)
    assert code == 0 and name in out and "files of the run 'First'" in out
    monkeypatch.setenv("KPOD_RUNS", str(tmp_path / "there"))
    code, out, err = kpod("import", name)
    (loaded,) = list_runs(tmp_path / "there")
    assert (code, err) == (0, "") and str(loaded.folder) in out
    assert loaded.state == run.state and (loaded.folder / "adapter" / "adapter_config.json").is_file()


def test_without_checkpoints(kpod, run, tmp_path):
    assert kpod("export", run.id, "--out", "small.zip", "--without-checkpoints")[0] == 0
    names = zipfile.ZipFile(tmp_path / "small.zip").namelist()
    assert "first/run.json" in names and not any("adapter" in name for name in names)


def test_without_a_name_the_file_is_called_after_the_run(kpod, run, tmp_path):
    assert kpod("export", run.folder)[0] == 0
    assert (tmp_path / "first.zip").is_file()


def test_importing_it_where_it_is_gives_a_run_of_its_own(kpod, run):
    kpod("export", "First", "--out", "a.zip")
    code, _, err = kpod("import", "a.zip")
    assert code == 0 and "is here already" in err and len({each.id for each in list_runs()}) == 2


def test_a_folder_is_imported_too(kpod, tmp_path):
    other = make_run(tmp_path / "other", count=8, name="Other")
    code, out, _ = kpod("import", other.folder)
    assert code == 0 and "'Other'" in out and list_runs()[0].id == other.id


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("export", "nothing"), "No run 'nothing'"),
        (("export", "First", "--out", "a.rar"), "ends in .zip, .tar.gz, .tgz"),
        (("export", "First", "--out", "nowhere/a.zip"), "There is no folder nowhere"),
        (("export", "First", "--out", "taken.zip"), "taken.zip exists already"),
        (("import", "missing.zip"), "nothing to load at 'missing.zip'"),
        (("import", "taken.zip"), "no archive of a run that can be loaded"),
        (("import", "."), "is no run: it has no run.json"),
    ],
)
def test_mistakes_are_answered_and_leave_nothing(kpod, run, tmp_path, arguments, message):
    (tmp_path / "taken.zip").write_text("mine")
    code, out, err = kpod(*arguments)
    assert (code, out) == (2, "") and message in err and "Traceback" not in err
    assert sorted(os.listdir(tmp_path)) == ["runs", "taken.zip"] and os.listdir(tmp_path / "runs") == ["run"]
    assert (tmp_path / "taken.zip").read_text() == "mine"


def test_a_full_disk_leaves_no_half_archive(kpod, run, tmp_path, monkeypatch):
    def full(*arguments, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("kpod.cli_archive.export_run", full)
    code, _, err = kpod("export", "First", "--out", "a.zip")
    assert code == 2 and "No space left on device" in err and os.listdir(tmp_path) == ["runs"]


def test_a_hostile_name_does_nothing_to_the_terminal_or_the_disk(kpod, run, tmp_path):
    run.update(name=HOSTILE_NAME + "\x1b[31m/../../x")
    code, out, _ = kpod("export", run.id)
    assert code == 0 and not any(hidden in out for hidden in "\x1b\u202e")
    assert sorted(os.listdir(tmp_path)) == ["img-src-x-onerror-alert-name-run-31m-x.zip", "runs"]
