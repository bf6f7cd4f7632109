from __future__ import annotations

import json
import subprocess
import sys
import threading

import pytest

from kpod.errors import InputError
from kpod.students import checkpoint_cache as cache


@pytest.fixture
def checkpoint(tmp_path):
    folder = tmp_path / "checkpoint"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(b"weights")
    cache.write_manifest(folder, {"requirement": "x==1"})
    return folder


def test_a_whole_checkpoint_has_no_damage(checkpoint):
    assert cache.find_damage(checkpoint) is None
    assert cache.find_damage(checkpoint, full=True) is None
    # sha256 of b"weights", worked out by sha256sum
    manifest = cache.read_manifest(checkpoint)
    assert manifest["files"]["model.safetensors"] == {
        "bytes": 7,
        "sha256": "9a129038d9a00aed0cf6a7ea059ca50a813449061ab87848cf1a13eafdf33b2c",
    }


def test_a_changed_size_is_seen_cheaply(checkpoint):
    (checkpoint / "model.safetensors").write_bytes(b"weight")
    assert cache.find_damage(checkpoint) == "model.safetensors has 6 bytes instead of 7"


def test_a_changed_byte_is_seen_by_full_verification_alone(checkpoint):
    (checkpoint / "model.safetensors").write_bytes(b"Weights")
    assert cache.find_damage(checkpoint) is None
    assert "another SHA-256" in cache.find_damage(checkpoint, full=True)


def test_a_missing_file_and_a_broken_manifest_are_seen(checkpoint):
    (checkpoint / "config.json").unlink()
    assert cache.find_damage(checkpoint) == "config.json is missing"
    for text in ("{", "[]", json.dumps({"files": {"a": {}}}), json.dumps({"files": []})):
        (checkpoint / cache.MANIFEST).write_text(text)
        assert cache.find_damage(checkpoint) == "manifest.json is missing or unreadable"


def test_the_cache_is_where_the_environment_says(monkeypatch, tmp_path):
    monkeypatch.setenv("KPOD_CACHE", str(tmp_path))
    assert cache.cache_root() == tmp_path
    monkeypatch.delenv("KPOD_CACHE")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache.cache_root() == tmp_path / ".cache" / "kpod"


def test_a_folder_is_whole_or_absent(tmp_path):
    target = tmp_path / "student"
    with pytest.raises(RuntimeError, match="half way"), cache.whole_folder(target, needed_bytes=1) as folder:
        (folder / "half").write_text("x")
        raise RuntimeError("half way")
    assert list(tmp_path.iterdir()) == []
    for content in ("first", "second"):
        with cache.whole_folder(target, needed_bytes=1) as folder:
            (folder / "file").write_text(content)
        assert (target / "file").read_text() == content
    assert list(tmp_path.iterdir()) == [target]


def test_what_a_killed_process_left_is_cleared_away(tmp_path):
    abandoned = tmp_path / ".student-abc" / "built"
    abandoned.mkdir(parents=True)
    (abandoned / "model.safetensors").write_bytes(b"half")
    with cache.whole_folder(tmp_path / "student", needed_bytes=1):
        assert not abandoned.exists()


def test_a_disk_without_room_is_told_before_anything_is_written(tmp_path):
    too_much = cache.whole_folder(tmp_path / "student", needed_bytes=10**18)
    with (
        pytest.raises(InputError, match=r"needs 1000000000\.0 GB in .* free\. Free some, or set KPOD_CACHE"),
        too_much,
    ):
        pass
    assert list(tmp_path.iterdir()) == []


HOLD = """
import sys
from pathlib import Path
from kpod.students.checkpoint_cache import locked
with locked(Path(sys.argv[1]), print):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_process_waits_for_the_first(tmp_path):
    target = tmp_path / "new" / "student"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(target)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout.readline() == "held\n"
    told = threading.Event()
    order: list[str] = []

    def want() -> None:
        with cache.locked(target, lambda _message: told.set()):
            order.append("second")

    second = threading.Thread(target=want)
    second.start()
    assert told.wait(timeout=30)
    order.append("first")
    holder.communicate(timeout=30)
    second.join(timeout=30)
    assert order == ["first", "second"] and holder.returncode == 0


def test_impatience_has_an_end(tmp_path, monkeypatch):
    monkeypatch.setattr(cache, "LOCK_PATIENCE_SECONDS", 0.1)
    with cache.locked(tmp_path / "student", print):
        outcome: list[Exception] = []

        def want() -> None:
            try:
                with cache.locked(tmp_path / "student", lambda _message: None):
                    pass
            except InputError as error:
                outcome.append(error)

        second = threading.Thread(target=want)
        second.start()
        second.join(timeout=30)
    assert len(outcome) == 1 and "another process has been preparing" in str(outcome[0])
