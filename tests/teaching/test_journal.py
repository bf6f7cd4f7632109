"""The journal: on the disk at once, torn ends dropped, damage told."""

from __future__ import annotations

import json
import os

import pytest

from kpod.errors import InputError
from kpod.teaching.journal import Answer, Journal

SETTINGS = {"model": "m"}
ANSWER = Answer("Seven \ud83d\u2028.", "stop", 3, 4, False, 0.5, "m")


def begun(path, count=3):
    journal = Journal(path)
    journal.begin(SETTINGS)
    for number in range(count):
        journal.add_answer((f"q{number}", 0), "hash", ANSWER, "now")
    return journal


def test_every_line_is_on_the_disk_when_it_is_added(tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr(os, "fsync", lambda number: synced.append(os.fstat(number).st_size))
    begun(tmp_path / "j")  # not closed
    assert len(synced) == 4 and synced[-1] == (tmp_path / "j").stat().st_size
    read = Journal(tmp_path / "j")
    assert read.answers == {(f"q{number}", 0): ANSWER for number in range(3)} and read.settings == SETTINGS


def test_a_line_cut_anywhere_is_dropped_and_the_rest_goes_on(tmp_path):
    begun(tmp_path / "whole").close()
    content = (tmp_path / "whole").read_bytes()
    lines = content.splitlines(keepends=True)
    before = len(content) - len(lines[-1])
    for cut in range(before, len(content)):
        path = tmp_path / "cut"
        path.write_bytes(content[:cut])
        journal = Journal(path)
        assert len(journal.answers) == 2
        journal.begin(SETTINGS)
        journal.add_answer(("q9", 1), "hash", ANSWER, "now")
        journal.close()
        assert set(Journal(path).answers) == {("q0", 0), ("q1", 0), ("q9", 1)}
        assert all(json.loads(line) for line in path.read_text().splitlines())


def test_damage_in_the_middle_is_told_with_its_line(tmp_path):
    begun(tmp_path / "j").close()
    lines = (tmp_path / "j").read_text().splitlines()
    for bad in ("{", "[]", "null", '{"kind": "other", "id": "q", "sample": 0}', '{"kind": "answer", "id": "q"}'):
        (tmp_path / "j").write_text("\n".join([*lines[:2], bad, lines[2]]) + "\n")
        with pytest.raises(InputError, match="line 3 is damaged"):
            Journal(tmp_path / "j")


def test_a_failure_is_replaced_by_a_later_answer(tmp_path):
    journal = begun(tmp_path / "j", 1)
    journal.add_failure(("q1", 0), "hash", "500", "now")
    assert Journal(tmp_path / "j").failures == {("q1", 0): "500"} and ("q1", 0) not in journal.answers
    journal.add_answer(("q1", 0), "hash", ANSWER, "now")
    read = Journal(tmp_path / "j")
    assert read.failures == journal.failures == {} and ("q1", 0) in read.answers


def test_settings_are_written_again_where_they_change(tmp_path):
    begun(tmp_path / "j").close()
    again = Journal(tmp_path / "j")
    again.begin(SETTINGS)
    again.close()
    other = Journal(tmp_path / "j")
    other.begin({"model": "n"})
    other.close()
    kinds = [json.loads(line)["kind"] for line in (tmp_path / "j").read_text().splitlines()]
    assert kinds == ["settings", "answer", "answer", "answer", "settings"]
