"""Uploaded files: kept whole, under names of our own, whatever the sender calls them."""

from __future__ import annotations

import pytest

from kpod.errors import InputError
from kpod.run_store import list_runs
from kpod.uploads import LARGEST_BYTES, save_upload


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("My Questions.jsonl", "my-questions-"),
        ("../../etc/passwd.csv", "passwd-"),
        ("/etc/cron.d/x.json", "x-"),
        ("C:\\Users\\me\\data.PARQUET", "data-"),
        ("..\\..\\up.tsv", "up-"),
        ("<img src=x onerror=alert(1)>.csv", "img-src-x-onerror-alert-1-"),
        ("\u202egnp\x00.jsonl", "gnp-"),
        ("日本語.json", "questions-"),
        ("a" * 500 + ".csv", "a" * 40 + "-"),
        ("..json", "questions-"),
        ("-rf.csv", "rf-"),
        ("a.b;c|d&e.csv", "a-b-c-d-e-"),
    ],
)
def test_a_name_is_harmless(tmp_path, name, kept):
    path = save_upload(name, b"x", tmp_path)
    assert path.parent == (tmp_path / "uploads").resolve() and path.read_bytes() == b"x"
    assert path.name.startswith(kept) and path.name.isascii() and path.name.isprintable()
    assert list(tmp_path.iterdir()) == [tmp_path / "uploads"]
    assert list_runs(tmp_path) == []


@pytest.mark.parametrize("name", ["x.exe", "x", "", ".jsonl", "x.csv.sh", "x.pkl"])
def test_another_kind_of_file_is_refused(tmp_path, name):
    with pytest.raises(InputError, match=r"ends in \.jsonl"):
        save_upload(name, b"x", tmp_path)
    assert not (tmp_path / "uploads").exists()


def test_the_same_content_is_kept_once_and_another_beside_it(tmp_path):
    first, again = save_upload("a.csv", b"1", tmp_path), save_upload("a.csv", b"1", tmp_path)
    other = save_upload("a.csv", b"2", tmp_path)
    assert first == again != other and first.read_bytes() == b"1" and other.read_bytes() == b"2"


def test_empty_and_too_large_files_are_refused(tmp_path):
    with pytest.raises(InputError, match="empty"):
        save_upload("a.csv", b"", tmp_path)
    with pytest.raises(InputError, match=r"MiB, of at most 50"):
        save_upload("a.csv", bytes(LARGEST_BYTES + 1), tmp_path)
