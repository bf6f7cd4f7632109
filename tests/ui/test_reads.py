"""Reads are cached on what a file is now."""

from __future__ import annotations

import json
import shutil

import pytest

from kpod.errors import InputError
from kpod.ui import reads
from tests.support.made_run import make_run


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("KPOD_RUNS", str(tmp_path))
    return make_run(tmp_path / "run")


def test_a_second_read_is_the_same_frame(run):
    assert reads.table(run, "steps") is reads.table(run, "steps")
    assert reads.rows(run, "steps", "q003") is reads.rows(run, "steps", "q003")


def test_a_changed_file_is_read_again(run):
    before = reads.table(run, "steps")
    run.write_table("steps", before.assign(difficulty=1.0))
    assert (reads.table(run, "steps")["difficulty"] == 1.0).all()
    assert not (before["difficulty"] == 1.0).all()


def test_columns_that_a_run_has_not_got_yet_are_left_out(tmp_path):
    run = make_run(tmp_path / "early", upto="evaluation set")
    assert list(reads.table(run, "steps", ("step", "difficulty")).columns) == ["step"]


def test_rows_are_those_of_the_question(run):
    tokens = reads.rows(run, "tokens", "q003")
    assert set(tokens["question"]) == {"q003"}
    assert len(tokens) == (run.tokens["question"] == "q003").sum()


def test_a_missing_table_is_the_users_matter(tmp_path):
    run = make_run(tmp_path / "early", upto="evaluation set")
    assert reads.table_or_none(run, "schedule") is None
    with pytest.raises(InputError, match=r"has no schedule\.parquet yet"):
        reads.table(run, "schedule")


def test_the_newest_run_comes_first_and_unreadable_ones_are_named(run, tmp_path):
    later = make_run(tmp_path / "later", upto="evaluation set")
    state = json.loads((later.folder / "run.json").read_text())
    (later.folder / "run.json").write_text(json.dumps(state | {"created_at": "2999-01-01T00:00:00+00:00"}))
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "run.json").write_text("{")
    (tmp_path / "no run").mkdir()
    listed = reads.all_runs()
    assert list(listed.runs) == [later.id, run.id]
    assert len(listed.unreadable) == 1 and "run.json is damaged" in listed.unreadable[0]


def test_a_copy_with_the_same_id_is_a_run_of_its_own(run, tmp_path):
    shutil.copytree(run.folder, tmp_path / "zz copy")
    assert set(reads.all_runs().runs) == {run.id, f"{run.id}@zz copy"}
