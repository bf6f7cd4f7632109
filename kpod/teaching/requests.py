"""What is asked of a teacher: the questions of a source, one request a question and sample, each with its hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from kpod.data_sources import find_source
from kpod.errors import InputError
from kpod.records import Question
from kpod.tasks.base import Task, questions_from_rows
from kpod.tasks.files import PlacedRow, Row
from kpod.tasks.layout import GUESS_ROWS, find_layout
from kpod.teaching.options import ANSWERING, TeachOptions
from kpod.teaching.prompts import make_prompt

FROM_ANOTHER_TEACHER = ("rationale", "rationale_source", "correct", "truncated", "rationales", "samples", "roles")
CHARACTERS_A_TOKEN = 4
"""Of English text, roughly; only for estimates before an endpoint has counted."""


@dataclass(frozen=True)
class TaughtQuestion:
    """A question to ask, and the fields of its row that the written file keeps."""

    question: Question
    row: Row
    prompt: str
    request_hash: str


@dataclass(frozen=True)
class Request:
    """Sample `sample` (from 0) of a question."""

    taught: TaughtQuestion
    sample: int

    @property
    def key(self) -> tuple[str, int]:
        return self.taught.question.id, self.sample

    @property
    def prompt_tokens(self) -> int:
        """Estimated."""
        return len(self.taught.prompt) // CHARACTERS_A_TOKEN + 1


def read_taught(options: TeachOptions) -> tuple[list[TaughtQuestion], Task]:
    """The questions that the options choose, and their task. Raises InputError where the source has none."""
    source = find_source(options.source)
    placed = source.rows()
    layout = find_layout(
        [row for _, row in placed[:GUESS_ROWS]], source.place, options.task or source.task, options.fields, source.label
    )
    if layout.problem is not None:
        raise InputError(layout.problem)
    rows = [(place, _without_teacher(layout.read(row, number))) for number, (place, row) in enumerate(placed)]
    if options.duplicates == "first":
        rows = _first_of_each_id(rows)
    questions = questions_from_rows(rows, layout.plain_task, source.place)
    chosen = [
        (question, row)
        for question, (_, row) in zip(questions, rows, strict=True)
        if options.split is None or question.split == options.split
    ][: options.limit]
    if not chosen:
        found = ", ".join(sorted({question.split for question in questions}))
        raise InputError(f"No question of {source.place} has split {options.split!r}; there are {found}. Set split.")
    return [_taught(question, row, layout.task, options) for question, row in chosen], layout.task


def all_requests(taught: Sequence[TaughtQuestion], samples: int) -> Iterator[Request]:
    """The first sample of every question, then the second of every question, and so on."""
    for sample in range(samples):
        for each in taught:
            yield Request(each, sample)


def answering_settings(options: TeachOptions) -> dict[str, Any]:
    """The settings that decide how an answer turns out."""
    unused = () if options.backend == "endpoint" else ("base_url", "extra")
    return {name: getattr(options, name) for name in ANSWERING if name not in unused}


def _taught(question: Question, row: Row, task: Task, options: TeachOptions) -> TaughtQuestion:
    prompt = make_prompt(question.text, task.kind, options.prompt, plain=options.api == "completions")
    content = json.dumps([answering_settings(options), prompt], sort_keys=True)
    return TaughtQuestion(question, row, prompt, hashlib.sha256(content.encode()).hexdigest()[:16])


def _without_teacher(row: Row) -> Row:
    return {name: value for name, value in row.items() if name not in FROM_ANOTHER_TEACHER}


def _first_of_each_id(rows: list[PlacedRow]) -> list[PlacedRow]:
    first: dict[str, PlacedRow] = {}
    for place, row in rows:
        first.setdefault(str(row.get("id", place)), (place, row))
    return list(first.values())
