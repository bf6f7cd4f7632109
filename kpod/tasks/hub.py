"""Questions of a data set of the Hugging Face hub or of a folder laid out as one: `hub:NAME[:CONFIG[:SPLIT]][@REV]`.

    hub:openai/gsm8k                 its usual configuration, all splits that have answers, the newest revision
    hub:openai/gsm8k:main:train      one configuration, one split
    hub:ChilleD/SVAMP@5e0bf1e        a branch, a tag or a commit
    hub:./my_set:main                a local folder with the files of such a repository

Sets that are known (`hub_sets`) bring their task, and the paper's splits; any other is read by a field map. The files
lie in the hub client's own cache: a set that is there, whole, is read without a network attempt, so the newest revision
is the newest that was fetched; name a commit to be exact. The fingerprint is of name, configuration, split, commit, so
a finished run stays finished wherever it is opened.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from kpod.errors import InputError
from kpod.tasks.files import PlacedRow
from kpod.tasks.hub_fetch import DATA_FILES, HubUnavailable, cached_snapshot, find_snapshot
from kpod.tasks.hub_sets import HUB_SETS, OLD_NAMES, HubSet

PREFIX = "hub:"
SYNTAX = f"{PREFIX}NAME[:CONFIG[:SPLIT]][@REVISION], as in {PREFIX}openai/gsm8k:main"

_NAME = re.compile(r"[\w.-]+(?:/[\w.-]+)?")
_READING = 1  # raise it where the same files are read into other rows


@dataclass(frozen=True)
class HubSource:
    """A data set of the hub by name; nothing is fetched before `rows` or `fingerprint`."""

    name: str
    config: str | None
    split: str | None
    revision: str | None

    def __str__(self) -> str:
        parts = [self.name, self.config or "", self.split or ""]
        return f"{PREFIX}{':'.join(parts).rstrip(':')}{f'@{self.revision}' if self.revision else ''}"

    @property
    def label(self) -> str:
        """Short, for lists, and to begin ids with."""
        return self.name.rstrip("/").rpartition("/")[2] or self.name

    @property
    def is_folder(self) -> bool:
        return self.name.startswith(("/", ".", "~"))

    @property
    def known(self) -> HubSet | None:
        """What is known of the set; a folder has no name to be known by."""
        return None if self.is_folder else HUB_SETS.get(OLD_NAMES.get(self.name.lower(), self.name.lower()))

    @property
    def task(self) -> str | None:
        return self.known.task if self.known else None

    @cached_property
    def folder(self) -> Path:
        """Where the files are, fetched if need be. Raises HubUnavailable or InputError."""
        if self.is_folder:
            folder = Path(self.name).expanduser()
            if not folder.is_dir():
                raise InputError(f"There is no folder {folder}. Give the folder of a data set laid out as on the hub.")
            return folder
        return find_snapshot(self.name, self._config, self._revision)

    @property
    def is_here(self) -> bool:
        """Whether it can be read without a network."""
        return self.is_folder or cached_snapshot(self.name, self._config, self._revision) is not None

    @property
    def _revision(self) -> str | None:
        return self.revision or (self.known.revision if self.known else None)

    @property
    def _config(self) -> str | None:
        return self.config or (self.known.config if self.known else None)

    def fingerprint(self) -> str | None:
        """A hash of what the set is: by its commit, or a folder's by its content; None where it cannot be had."""
        try:
            state = _content(self.folder) if self.is_folder else self.folder.name  # a snapshot's folder is the commit
        except HubUnavailable:
            return None
        identity = ["folder" if self.is_folder else self.name.lower(), self._config, self.split, state, _READING]
        return hashlib.sha256(json.dumps(identity).encode()).hexdigest()

    def rows(self) -> list[PlacedRow]:
        """The rows of all wanted splits in the set's order. Raises InputError where they cannot be had."""
        return self.read()[0]

    def read(self) -> tuple[list[PlacedRow], tuple[str, ...]]:
        """The rows, and what a user should know: how many were left out, and splits that are not the paper's."""
        from kpod.tasks.hub_loading import load_splits

        known = self.known or HubSet(task="")
        wanted = (self.split,) if self.split else known.splits
        rows: list[PlacedRow] = []
        notes: list[str] = []
        for split, inside in load_splits(self.folder, self._config, wanted, str(self)).items():
            kept = [(at, row) for at, row in enumerate(inside) if known.keep is None or known.keep(row)]
            expected = known.rows.get(split, len(inside))
            if len(kept) < len(inside):
                notes.append(f"{len(inside) - len(kept)} of {len(inside)} rows of {split} left out: not {known.kept}.")
            if expected != len(inside):
                notes.append(f"{split} has {len(inside)} rows and not {expected}: the paper's splits are not applied.")
            official = expected == len(inside)
            rows += [(f"{split} row {at + 1}", known.read(row, split, at, official=official)) for at, row in kept]
        if not rows:
            raise InputError(f"{self} holds no questions. Name another split or configuration: {SYNTAX}.")
        return rows, tuple(notes)


def parse_hub(source: str) -> HubSource:
    """The set that `hub:...` names. Raises InputError that says how to write it."""
    text = source.removeprefix(PREFIX).strip()
    rest, at, revision = text.partition("@")
    name, *options = (part.strip() for part in rest.split(":"))
    source_of = HubSource(name, *(option or None for option in (*options, "", "")[:2]), revision.strip() or None)
    wrong = (
        "no name" if not name
        else f"{len(options)} options behind the name" if len(options) > 2
        else "no revision behind @" if at and not revision.strip()
        else "a revision of a folder" if revision and source_of.is_folder
        else f"{name!r}, which is no name on the hub" if not source_of.is_folder and not _NAME.fullmatch(name)
        else None
    )  # fmt: skip
    if wrong:
        raise InputError(f"{source!r} holds {wrong}. Write {SYNTAX}, or {PREFIX}./FOLDER for a local one.")
    return source_of


def _content(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and (path.suffix in DATA_FILES or path.name == "README.md"):
            with path.open("rb") as file:
                content = hashlib.file_digest(file, "sha256").hexdigest()
            digest.update(f"{path.relative_to(folder)} {content}\n".encode())
    return digest.hexdigest()
