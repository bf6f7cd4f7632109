"""The journal of a generation: every answer is on the disk before the next is awaited, so nothing is asked twice.

Lines of JSON, each with a `kind`:
settings   the settings that answers turn out by (`requests.answering_settings`); the first line, and again when kept
           answers are continued under others
answer     id, sample, request (hash of the settings and the prompt), output, finish_reason, prompt_tokens,
           completion_tokens, estimated (True where the endpoint did not count), seconds, model (as served), at
failure    id, sample, request, reason, at; a later answer to the same question and sample replaces it

A crash can cut the last line short: it is dropped when the journal is opened again. A damaged line anywhere else is no
crash of ours and refused.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

from kpod.artefacts import disk_errors
from kpod.errors import InputError

Key = tuple[str, int]
"""Id of a question, and number of a sample from 0."""


@dataclass(frozen=True)
class Answer:
    """What a teacher answered; the counts are of tokens, for thinking too where the endpoint counts it."""

    output: str
    finish_reason: str
    prompt_tokens: int
    completion_tokens: int
    estimated: bool
    seconds: float
    model: str

    @property
    def truncated(self) -> bool:
        """Cut by the length limit."""
        return self.finish_reason == "length"


class Journal:
    """An open journal; `answers`, `failures` and `hashes` say what it holds. For one process at a time."""

    def __init__(self, path: Path):
        self.path = path
        self.settings: dict[str, Any] | None = None
        self.answers: dict[Key, Answer] = {}
        self.failures: dict[Key, str] = {}
        self.hashes: dict[Key, str] = {}
        self._file: BinaryIO | None = None
        self._read()

    def begin(self, settings: dict[str, Any]) -> None:
        """Open for appending, the torn end of a crash dropped, under these settings."""
        with disk_errors(self.path.name, self.path.parent):
            self._file = open(self.path, "ab")  # noqa: SIM115 (for as long as the journal is open)
            if self._file.tell() > self._whole_bytes:
                self._file.truncate(self._whole_bytes)
        if settings != self.settings:
            self._append({"kind": "settings", "settings": settings})
            self.settings = settings

    def add_answer(self, key: Key, request_hash: str, answer: Answer, at: str) -> None:
        """On the disk when this returns."""
        self._append(_head("answer", key, request_hash) | asdict(answer) | {"at": at})
        self.answers[key], self.hashes[key] = answer, request_hash
        self.failures.pop(key, None)

    def add_failure(self, key: Key, request_hash: str, reason: str, at: str) -> None:
        self._append(_head("failure", key, request_hash) | {"reason": reason, "at": at})
        self.failures[key] = reason

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _append(self, line: dict[str, Any]) -> None:
        assert self._file is not None, "begin() comes first"
        # ASCII: half a surrogate pair, which a server can spell in JSON, has no UTF-8.
        content = (json.dumps(line) + "\n").encode("ascii")
        with disk_errors(self.path.name, self.path.parent):
            self._file.write(content)
            self._file.flush()
            os.fsync(self._file.fileno())

    def _read(self) -> None:
        content = self.path.read_bytes() if self.path.is_file() else b""
        self._whole_bytes = content.rfind(b"\n") + 1
        for number, line in enumerate(content[: self._whole_bytes].split(b"\n")[:-1], start=1):
            try:
                self._take(json.loads(line))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise InputError(
                    f"{self.path}, line {number} is damaged ({type(error).__name__}). Delete that line, whose "
                    "question is then asked again, or move the journal away."
                ) from error

    def _take(self, line: dict[str, Any]) -> None:
        kind = line["kind"]
        if kind == "settings":
            self.settings = dict(line["settings"])
            return
        key = (str(line["id"]), int(line["sample"]))
        if kind == "failure":
            self.failures[key] = str(line["reason"])
        elif kind == "answer":
            self.answers[key] = Answer(**{name: line[name] for name in Answer.__dataclass_fields__})
            self.hashes[key] = str(line["request"])
            self.failures.pop(key, None)
        else:
            raise ValueError(kind)


def _head(kind: str, key: Key, request_hash: str) -> dict[str, Any]:
    return {"kind": kind, "id": key[0], "sample": key[1], "request": request_hash}
