"""run.json is checked as it is read: what pages put into markup, look up or calculate with has its type."""

from __future__ import annotations

import json

import pytest

from kpod.errors import InputError
from kpod.run_state import MAX_STATE_BYTES, RunState, StageRecord, read_state

GOOD = {
    "format_version": 1,
    "id": "20260101-000000-abcdef",
    "name": "A run",
    "status": "finished",
    "stages": {"prepare": {"fingerprint": "f", "seconds": 1.5, "peak_memory_bytes": 7, "finished_at": "t"}},
}
MEASURED = {"correct": 1, "questions": 2, "accuracy": 0.5, "low": 0.1, "high": 0.9, "no_answer": 0}


def write(folder, **changes):
    (folder / "run.json").write_text(json.dumps(GOOD | changes))
    return folder


def test_a_good_state_is_read_with_what_newer_minor_versions_add(tmp_path):
    state = read_state(write(tmp_path, novelty=1, summary={"accuracy": MEASURED | {"cut": 3}, "rival": [1]}))
    assert state == RunState(
        id=GOOD["id"],
        name="A run",
        status="finished",
        stages={"prepare": StageRecord("f", 1.5, 7, "t")},
        summary={"accuracy": MEASURED | {"cut": 3}, "rival": [1]},
    )


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"id": 7}, "id"),
        ({"id": ""}, "id"),
        ({"id": "x" * 300}, "id"),
        ({"name": None}, "name"),
        ({"status": "finished'><script>alert(1)</script>"}, "status"),
        ({"status": "a\nb"}, "status"),
        ({"warnings": "none"}, "warnings"),
        ({"warnings": [{"a": 1}]}, "warnings.0"),
        ({"stages": {"prepare": {"seconds": "fast"}}}, "stages.prepare"),
        ({"summary": []}, "summary"),
        ({"summary": {"accuracy": 0.5}}, "summary.accuracy"),
        ({"summary": {"accuracy": {}}}, "summary.accuracy.correct"),
        ({"summary": {"accuracy": MEASURED | {"low": "<b>"}}}, "summary.accuracy.low"),
        ({"summary": {"tokens": "many"}}, "summary.tokens"),
        ({"progress": {"stage": "distill"}}, "progress.done"),
        ({"progress": 1}, "progress"),
        ({"error": {"a": 1}}, "error"),
        ({"host": "here"}, "host"),
    ],
)
def test_a_value_of_a_wrong_type_is_named(tmp_path, changes, where):
    with pytest.raises(InputError, match=rf"run\.json is damaged \({where.replace('.', '[.]')}.*Restore it"):
        read_state(write(tmp_path, **changes))


@pytest.mark.parametrize(
    "content",
    ["[" * 100_000, '{"format_version": ' + "9" * 5000 + "}", "NaN", '"text"', json.dumps(GOOD | {"name": "\ud800"})],
)
def test_json_that_cannot_be_read_is_damage_and_no_error_of_ours(tmp_path, content):
    (tmp_path / "run.json").write_text(content)
    with pytest.raises(InputError, match=r"run\.json is damaged"):
        read_state(tmp_path)


def test_an_endless_state_is_not_read(tmp_path):
    with open(tmp_path / "run.json", "wb") as file:
        file.truncate(MAX_STATE_BYTES + 1)
    with pytest.raises(InputError, match=r"larger than 10 MB"):
        read_state(tmp_path)
