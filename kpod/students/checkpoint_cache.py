"""The user's cache of prepared checkpoints: each complete or absent, with its sizes and hashes. No torch."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from kpod.errors import InputError

MANIFEST = "manifest.json"
LOCK_PATIENCE_SECONDS = 1800.0


def cache_root() -> Path:
    """`$KPOD_CACHE`, else `~/.cache/kpod`."""
    return Path(os.environ.get("KPOD_CACHE") or "~/.cache/kpod").expanduser()


def file_sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_manifest(folder: Path, origin: dict[str, str]) -> None:
    """Record where a checkpoint came from, and size and SHA-256 of each of its files."""
    files = {
        path.name: {"bytes": path.stat().st_size, "sha256": file_sha256(path)}
        for path in sorted(folder.iterdir())
        if path.name != MANIFEST
    }
    text = json.dumps({"origin": origin, "files": files}, indent=2)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")


def read_manifest(folder: Path) -> dict:
    return json.loads((folder / MANIFEST).read_text(encoding="utf-8"))


def find_damage(folder: Path, *, full: bool = False) -> str | None:
    """What is wrong with a cached checkpoint, or None. Compares sizes, and with `full` every SHA-256 too."""
    try:
        files = read_manifest(folder)["files"]
        expected = {name: (int(entry["bytes"]), str(entry["sha256"])) for name, entry in files.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return f"{MANIFEST} is missing or unreadable"
    for name, (num_bytes, sha256) in expected.items():
        path = folder / name
        if not path.is_file():
            return f"{name} is missing"
        if path.stat().st_size != num_bytes:
            return f"{name} has {path.stat().st_size} bytes instead of {num_bytes}"
        if full and file_sha256(path) != sha256:
            return f"{name} has another SHA-256 than when it was written"
    return None


@contextmanager
def locked(target: Path, report: Callable[[str], None]) -> Iterator[None]:
    """Hold the right to make `target`; another process that makes it is waited for."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(target.with_name(f"{target.name}.lock"))
        try:
            lock.acquire(timeout=0)
        except Timeout:
            report(f"another process is preparing {target.name}; waiting for it")
            lock.acquire(timeout=LOCK_PATIENCE_SECONDS)
    except Timeout as error:
        raise InputError(
            f"another process has been preparing {target} for over {LOCK_PATIENCE_SECONDS / 60:.0f} minutes. "
            "End it, then try again"
        ) from error
    except PermissionError as error:
        raise InputError(
            f"the cache {target.parent} cannot be written ({error.strerror}). Set KPOD_CACHE to a folder that can be"
        ) from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def whole_folder(target: Path, *, needed_bytes: int) -> Iterator[Path]:
    """An empty folder that becomes `target` when the block ends, and leaves no trace when it fails.

    To be used while `target` is `locked`: what a killed process left behind is cleared away first. Raises
    InputError where the disk has less than `needed_bytes` free.
    """
    for abandoned in target.parent.glob(f".{target.name}-*"):
        shutil.rmtree(abandoned)
    free_bytes = shutil.disk_usage(target.parent).free
    if free_bytes < needed_bytes:
        raise InputError(
            f"preparing {target.name} needs {needed_bytes / 1e9:.1f} GB in {target.parent}, which has "
            f"{free_bytes / 1e9:.1f} GB free. Free some, or set KPOD_CACHE to a folder on another disk"
        )
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-") as scratch:
        built = Path(scratch) / "built"
        built.mkdir()
        yield built
        if target.exists():
            target.rename(Path(scratch) / "replaced")
        built.rename(target)
