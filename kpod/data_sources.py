"""What `data.source` may name: the path of a file, `shipped:NAME`, `hub:NAME`, or a small world written in one line."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from kpod.errors import InputError
from kpod.records import Question
from kpod.tasks.base import Duplicates
from kpod.tasks.files import Entry, PlacedRow, iterate_rows, read_rows
from kpod.tasks.hub import PREFIX as HUB
from kpod.tasks.hub import parse_hub
from kpod.tasks.inspection import SourceReport, inspect_rows
from kpod.tasks.loading import questions_and_task
from kpod.tasks.small_world import PREFIX as SMALL_WORLD
from kpod.tasks.small_world import problem_rows

SHIPPED = "shipped:"
ASSETS = Path(__file__).resolve().parent.parent / "assets"
KEPT_ROWS = 5_000  # about 40 MB
_kept_worlds: dict[str, list[PlacedRow]] = {}  # at most one: a run asks for its world three times, a form at every key


@dataclass(frozen=True)
class DataSource:
    """A set of questions that can be read.

    label: short, for tables, lists and ids. place: where it is, for messages. read: its rows, and what a user should
    know of them; raises InputError where that fails. fingerprint: a hash of the content, or None where the source is
    gone. task: that of a known set. is_here: whether reading it needs no network. entries: a file's rows one by one,
    with an error for each that cannot be read.
    """

    label: str
    place: str
    read: Callable[[], tuple[list[PlacedRow], tuple[str, ...]]]
    fingerprint: Callable[[], str | None]
    task: str | None = None
    is_here: Callable[[], bool] = lambda: True
    entries: Callable[[], Iterable[Entry]] | None = None

    def rows(self) -> list[PlacedRow]:
        """The rows alone."""
        return self.read()[0]

    def questions(
        self,
        task: str | None,
        duplicates: Duplicates = "error",
        fields: Mapping[str, str] | None = None,
        tell: Callable[[str], None] | None = None,
    ) -> tuple[list[Question], str]:
        """The questions, and the name of their task: as given, else the known set's, else guessed.

        The arguments are `kpod.load_questions`'s, and so are its errors; `tell` gets what a user should know of the
        rows, such as that a known set is not as long as it is known to be.
        """
        rows, notes = self.read()
        for note in notes if tell is not None else ():
            tell(note)
        found, used = questions_and_task(rows, self.place, task or self.task, duplicates, fields, stem=self.label)
        return found, used.name

    def inspect(self, task: str | None = None, fields: Mapping[str, str] | None = None) -> SourceReport:
        """What the source holds: columns, how they are read, and every mistake; see `inspect_rows`."""
        entries, notes = self.read() if self.entries is None else (self.entries(), ())
        return inspect_rows(entries, self.place, task or self.task, fields, stem=self.label, notes=notes)


def find_source(name: str) -> DataSource:
    """The source that a setting names. Raises InputError for a shipped name that does not exist, or no hub name."""
    if name.startswith(SMALL_WORLD):
        return _small_world(name)
    if name.startswith(HUB):
        hub = parse_hub(name)
        return DataSource(hub.label, str(hub), hub.read, hub.fingerprint, hub.task, lambda: hub.is_here)
    path = _shipped(name) if name.startswith(SHIPPED) else Path(name).expanduser()
    return DataSource(
        path.stem,
        str(path),
        lambda: (read_rows(path), ()),
        lambda: file_hash(path),
        entries=lambda: iterate_rows(path),
    )


def file_hash(path: Path) -> str | None:
    """SHA-256 of a file's content; None where there is no such file."""
    if not path.is_file():
        return None
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _small_world(spec: str) -> DataSource:
    def fingerprint() -> str:
        # Of the problems themselves: a generator that changed gives other ones for the same line.
        content = json.dumps([row for _, row in _world_rows(spec)], sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()

    return DataSource("small_world", spec, lambda: (_world_rows(spec), ()), fingerprint, "small_world")


def _world_rows(spec: str) -> list[PlacedRow]:
    """The rows of a small world, which its line determines: read only. One of a usual size is kept until the next."""
    rows = _kept_worlds.get(spec)
    if rows is None:
        rows = problem_rows(spec)
        if len(rows) <= KEPT_ROWS:
            _kept_worlds.clear()
            _kept_worlds[spec] = rows
    return rows


def _shipped(name: str) -> Path:
    path = ASSETS / f"{name.removeprefix(SHIPPED)}.jsonl"
    if not path.is_file():
        names = ", ".join(sorted(f"{SHIPPED}{other.stem}" for other in ASSETS.glob("*.jsonl")))
        raise InputError(f"{name!r} is not shipped; there is {names}. Or give the path of a file.")
    return path
