"""Runs are renamed, annotated, deleted and found again; none that works, and none outside the runs folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

from kpod.errors import InputError
from kpod.run_management import (
    NOTES,
    ORDERS,
    delete_run,
    find_runs,
    is_kept,
    read_note,
    rename_run,
    write_note,
)
from kpod.run_process import read_record
from kpod.run_store import list_runs, load_run
from tests.support.made_run import HOSTILE_NAME, make_run

HOLD = (
    "import sys; from kpod.run_store import load_run\n"
    "with load_run(sys.argv[1]).locked() as _: print('held', flush=True); sys.stdin.read()"
)


@pytest.fixture
def run(tmp_path):
    return make_run(tmp_path / "run", upto="prepare")


@pytest.fixture
def held(run):
    """The run, at work in another process."""
    run.update(status="running")
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(run.folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout.readline() == "held\n"
    yield run
    holder.kill()
    holder.communicate()


def test_a_new_name_is_in_the_state_and_in_the_configuration(run, tmp_path):
    rename_run(run, "  A  better\nname ", tmp_path)
    loaded = load_run(run.folder)
    assert (loaded.name, loaded.config.name, loaded.id) == ("A better name", "A better name", run.id)
    assert loaded.folder.name == "run"


def test_the_process_that_gives_a_name_is_not_taken_for_one_that_works_on_the_run(run, tmp_path):
    rename_run(run, "Another", tmp_path)
    assert read_record(run.folder) is None


@pytest.mark.parametrize("name", ["", "  \n ", "x" * 121])
def test_a_name_that_is_none(run, tmp_path, name):
    with pytest.raises(InputError, match="1 to 120 characters"):
        rename_run(run, name, tmp_path)


@pytest.mark.parametrize("name", [HOSTILE_NAME, "../../etc", "- a: [b", "null", "\u202e", "'\"\\", "{{7*7}}", "日本"])
def test_hostile_names_are_only_names(run, tmp_path, name):
    rename_run(run, name, tmp_path)
    loaded = load_run(run.folder)
    assert loaded.name == loaded.config.name == name
    assert os.listdir(tmp_path) == ["run"]


def test_a_note_is_kept_beside_what_a_running_process_writes(held, tmp_path):
    write_note(held, "  Seeds 1 to 3.\n<script>alert(1)</script>  ", tmp_path)
    held.update(summary={"questions": 3})
    assert read_note(held.folder) == "Seeds 1 to 3.\n<script>alert(1)</script>"
    write_note(held, " ", tmp_path)
    assert not (held.folder / NOTES).exists() and read_note(held.folder) == ""


def test_a_note_too_long_and_damaged_ones(run, tmp_path):
    with pytest.raises(InputError, match="at most 20,000 characters; got 20,001"):
        write_note(run, "x" * 20_001, tmp_path)
    for content in (b"{", b"[]", b"null", b'{"note": 7}', b"\xff", b"[" * 100_000):
        (run.folder / NOTES).write_bytes(content)
        assert read_note(run.folder) == ""
    (run.folder / NOTES).write_bytes(b'{"note": "half \\ud800"}')
    assert read_note(run.folder) == "half ?"


def test_a_deleted_run_is_gone_with_all_that_it_held(run, tmp_path):
    (run.folder / "checkpoints").mkdir()
    other = make_run(tmp_path / "other", upto="created")
    delete_run(run, tmp_path)
    assert [left.id for left in list_runs(tmp_path)] == [other.id]
    assert os.listdir(tmp_path) == ["other"]


def test_a_run_at_work_is_neither_renamed_nor_deleted(held, tmp_path):
    with pytest.raises(InputError, match="Cancel it first, then delete it"):
        delete_run(held, tmp_path)
    with pytest.raises(InputError, match="Rename it when it has ended"):
        rename_run(held, "New", tmp_path)
    assert load_run(held.folder).name == "Forty word problems"


def test_what_lies_outside_the_runs_folder_is_not_touched(run, tmp_path):
    runs = tmp_path / "runs"
    runs.mkdir()
    (runs / "linked").symlink_to(run.folder)
    for outside in (run, load_run(runs / "linked")):
        assert not is_kept(outside, runs)
        for change in (delete_run, lambda r, root: rename_run(r, "x", root), lambda r, root: write_note(r, "x", root)):
            with pytest.raises(InputError, match="lies outside the runs folder"):
                change(outside, runs)
    assert load_run(run.folder).name == run.name and (runs / "linked").is_symlink()


def test_a_run_that_is_gone_says_so(run, tmp_path):
    shutil.rmtree(run.folder)
    for change in (delete_run, lambda r, root: rename_run(r, "x", root), lambda r, root: write_note(r, "x", root)):
        with pytest.raises(InputError, match="is gone"):
            change(run, tmp_path)
    assert not run.folder.exists()


def test_a_run_on_its_way_out_is_in_no_list(run, tmp_path):
    shutil.copytree(run.folder, tmp_path / ".deleted-0123")
    assert [found.folder.name for found in list_runs(tmp_path)] == ["run"]


@pytest.fixture(scope="module")
def several(tmp_path_factory):
    tmp_path = tmp_path_factory.mktemp("several")
    made = {}
    for number, (name, accuracy) in enumerate([("beta", 0.2), ("Alpha", 0.9), ("gamma", None)]):
        run = make_run(tmp_path / name, upto="prepare", name=name, status="failed" if name == "gamma" else "finished")
        summary = run.state.summary
        if accuracy is not None:
            figures = {"correct": 1, "questions": 2, "low": 0.0, "high": 1.0, "no_answer": 0}
            summary = summary | {"accuracy": figures | {"accuracy": accuracy}}
        run.update(created_at=f"2026-0{number + 1}-01T00:00:00+00:00", summary=summary)
        made[name] = run
    write_note(made["beta"], "the Good one", tmp_path)
    return [(run.id, run) for run in made.values()]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, ["gamma", "Alpha", "beta"]),
        ({"order": "oldest"}, ["beta", "Alpha", "gamma"]),
        ({"order": "name"}, ["Alpha", "beta", "gamma"]),
        ({"order": "accuracy"}, ["Alpha", "beta", "gamma"]),
        ({"order": "status"}, ["gamma", "beta", "Alpha"]),
        ({"words": "GOOD"}, ["beta"]),
        ({"words": "made.jsonl alpha"}, ["Alpha"]),
        ({"words": "nothing like this"}, []),
        ({"statuses": ["failed"]}, ["gamma"]),
        ({"methods": ["plain"]}, []),
        ({"methods": ["kpod"], "students": ["tiny-llama"], "statuses": ["finished"]}, ["Alpha", "beta"]),
    ],
)
def test_runs_are_found_again(several, options, expected):
    assert [run.name for _, run in find_runs(several, **options)] == expected


def test_every_order_sorts_every_run(several):
    for order in ORDERS:
        assert len(find_runs(several, order=order)) == 3
