"""Files are written whole or not at all, and a disk that refuses is explained."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from kpod.artefacts import (
    ROWS_A_GROUP,
    append_text,
    delete_temporaries,
    json_lines,
    parquet_columns,
    read_json_lines,
    read_parquet,
    write_parquet,
    write_whole,
)
from kpod.errors import InputError
from tests.support.small_disk import small_disk


def fill_the_disk_for(path) -> None:
    """What is written to `path` next meets ENOSPC: its temporary name leads to the device that is always full."""
    path.with_name(f".{path.name}.{os.getpid()}.tmp").symlink_to("/dev/full")


def test_a_file_is_replaced_whole(tmp_path):
    path = tmp_path / "a.txt"
    for content in (b"one", b"", b"three"):
        write_whole(path, content)
        assert path.read_bytes() == content
    assert os.listdir(tmp_path) == ["a.txt"]


def test_a_full_disk_leaves_the_old_file_and_no_temporary(tmp_path):
    path = tmp_path / "tokens.parquet"
    write_whole(path, b"old")
    fill_the_disk_for(path)
    with pytest.raises(InputError) as caught:
        write_whole(path, b"new" * 1000)
    for part in ("tokens.parquet (0.0 MB)", str(tmp_path), "No space left on device", "Free space", "resume the run"):
        assert part in str(caught.value)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["tokens.parquet"]


def test_a_disk_that_fills_in_the_middle_of_a_file(tmp_path):
    path = tmp_path / "a.bin"
    write_whole(path, b"x" * 4096)
    with pytest.raises(InputError, match=r"File too large"), small_disk(4096):
        write_whole(path, b"y" * 4097)
    assert path.read_bytes() == b"x" * 4096
    assert os.listdir(tmp_path) == ["a.bin"]


def test_a_folder_that_is_gone(tmp_path):
    with pytest.raises(InputError, match=r"Could not write a.txt .* No such file or directory"):
        write_whole(tmp_path / "gone" / "a.txt", b"x")


def test_a_folder_that_may_only_be_read():
    with pytest.raises(InputError, match=r"Could not write a\.txt .*(Permission denied|Read-only|not permitted)"):
        write_whole(Path("/sys/kernel/a.txt"), b"x")  # where root may not write either


def test_lines_that_cannot_be_added(tmp_path):
    (tmp_path / "log.txt").symlink_to("/dev/full")
    with pytest.raises(InputError, match=r"Could not write log\.txt .*No space left on device"):
        append_text(tmp_path / "log.txt", "line\n")


def test_temporaries_of_a_killed_writer_go(tmp_path):
    for name in (".a.parquet.17.tmp", "a.parquet", ".hidden"):
        (tmp_path / name).write_text("x")
    (tmp_path / ".adapter.9.tmp").mkdir()
    delete_temporaries(tmp_path)
    assert sorted(os.listdir(tmp_path)) == [".adapter.9.tmp", ".hidden", "a.parquet"]


def test_a_table_and_its_row_groups(tmp_path):
    path, rows = tmp_path / "t.parquet", 3 * ROWS_A_GROUP + 5
    frame = pd.DataFrame({"question_index": [row // 100 for row in range(rows)], "value": range(rows)})
    write_parquet(path, frame)
    assert pq.ParquetFile(path).num_row_groups == 4
    assert parquet_columns(path) == ["question_index", "value"]
    pd.testing.assert_frame_equal(read_parquet(path), frame)
    wanted = 2 * ROWS_A_GROUP // 100  # whose rows stand in two groups
    found = read_parquet(path, ["value"], [("question_index", "==", wanted)])
    assert found["value"].tolist() == list(range(wanted * 100, wanted * 100 + 100))


@pytest.mark.parametrize("damage", ["empty", "cut", "text", "middle"])
def test_a_damaged_table_says_what_to_do(tmp_path, damage):
    path = tmp_path / "t.parquet"
    write_parquet(path, pd.DataFrame({"a": [str(row) * 9 for row in range(5000)]}))
    content = path.read_bytes()
    cut = content[: len(content) // 2]
    middle = content[:200] + bytes(2000) + content[2200:]
    path.write_bytes({"empty": b"", "cut": cut, "text": b"no table at all", "middle": middle}[damage])
    with pytest.raises(InputError, match=r"t\.parquet is damaged .*Delete it and resume the run"):
        read_parquet(path)


def test_lines_of_json(tmp_path):
    path = tmp_path / "metrics.jsonl"
    assert read_json_lines(path) == []
    rows = [{"step": 1, "loss": 0.5}, {"step": 2, "loss": float("inf")}, {"note": "line\u2028break"}]
    append_text(path, json_lines(rows[:1]))
    append_text(path, json_lines(rows[1:]))
    assert read_json_lines(path) == rows
    append_text(path, '{"step": 3, "lo')
    assert read_json_lines(path) == rows
    path.write_bytes(path.read_bytes() + b"\xff\xfe")
    assert read_json_lines(path) == rows
