"""What `data.source` may name: the path of a file, `shipped:NAME`, or a small world written in one line."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from kpod.errors import InputError
from kpod.tasks.files import PlacedRow, read_rows
from kpod.tasks.small_world import PREFIX as SMALL_WORLD
from kpod.tasks.small_world import problem_rows

SHIPPED = "shipped:"
ASSETS = Path(__file__).resolve().parent.parent / "assets"


@dataclass(frozen=True)
class DataSource:
    """A set of questions that can be read.

    label: short, for tables and lists. place: where it is, for messages. rows: reads it, and raises InputError where
    that fails. fingerprint: a hash of the content, or None where the source is gone.
    """

    label: str
    place: str
    rows: Callable[[], list[PlacedRow]]
    fingerprint: Callable[[], str | None]


def find_source(name: str) -> DataSource:
    """The source that a setting names. Raises InputError for a shipped name that does not exist."""
    if name.startswith(SMALL_WORLD):
        return _small_world(name)
    path = _shipped(name) if name.startswith(SHIPPED) else Path(name).expanduser()
    return DataSource(path.stem, str(path), lambda: read_rows(path), lambda: file_hash(path))


def file_hash(path: Path) -> str | None:
    """SHA-256 of a file's content; None where there is no such file."""
    if not path.is_file():
        return None
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _small_world(spec: str) -> DataSource:
    def fingerprint() -> str:
        # Of the problems themselves: a generator that changed gives other ones for the same line.
        content = json.dumps([row for _, row in problem_rows(spec)], sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()

    return DataSource("small_world", spec, lambda: problem_rows(spec), fingerprint)


def _shipped(name: str) -> Path:
    path = ASSETS / f"{name.removeprefix(SHIPPED)}.jsonl"
    if not path.is_file():
        names = ", ".join(sorted(f"{SHIPPED}{other.stem}" for other in ASSETS.glob("*.jsonl")))
        raise InputError(f"{name!r} is not shipped; there is {names}. Or give the path of a file.")
    return path
