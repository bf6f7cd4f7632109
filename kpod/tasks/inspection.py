"""A look at a source before a run: its columns, how they are read, what it holds, and every mistake by its line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any

from kpod.errors import InputError
from kpod.records import Question
from kpod.tasks.base import questions_from_rows
from kpod.tasks.field_guess import FieldGuess
from kpod.tasks.field_map import value_at
from kpod.tasks.files import Entry, RowError
from kpod.tasks.layout import GUESS_ROWS, Layout, find_layout

MAX_ERRORS = 100
PREVIEW_QUESTIONS = 5
EXAMPLE_CHARACTERS = 120


@dataclass(frozen=True)
class SourceReport:
    """What a source holds. Nothing in it raises; a form shows it as it is.

    rows: records, readable or not; questions: those that are whole. columns: with dotted paths; examples: a value of
    each column, shortened. fields: where each field is read from, and why. fields_set: the map as a setting.
    splits: questions by split. with_rationale: questions that have one; rationales_right, rationales_wrong: by their
    own answer (the rest state none). duplicate_ids: how many rows have an id that stood before, first_duplicates:
    some of those ids. errors: the first `MAX_ERRORS` mistakes by place; num_errors: all. problem: why no question can
    be read at all, or None.
    """

    source: str
    task: str
    task_is_guessed: bool
    rows: int
    questions: int
    columns: tuple[str, ...]
    examples: Mapping[str, str]
    fields: tuple[FieldGuess, ...]
    fields_set: Mapping[str, str]
    splits: Mapping[str, int]
    with_rationale: int
    rationales_right: int
    rationales_wrong: int
    duplicate_ids: int
    first_duplicates: tuple[str, ...]
    errors: tuple[RowError, ...]
    num_errors: int
    preview: tuple[Question, ...]
    problem: str | None
    notes: tuple[str, ...] = ()


def inspect_rows(
    entries: Iterable[Entry],
    source: str,
    task: str | None = None,
    fields: Mapping[str, str] | None = None,
    *,
    stem: str = "row",
    notes: tuple[str, ...] = (),
) -> SourceReport:
    """A report on rows and unreadable records as they come; only the first `GUESS_ROWS` are held in memory.

    The arguments are `kpod.load_questions`'s. Raises InputError for a task or a map of fields that cannot be, and
    whatever reading `entries` raises (a file that is missing or cannot be read any further).
    """
    entries = iter(entries)
    head = list(islice(entries, GUESS_ROWS))
    rows = [row for _, row in (entry for entry in head if not isinstance(entry, RowError))]
    if not rows:
        found = f"; the first: {head[0].at(source)}" if head else ""
        raise InputError(f"{source} holds no readable questions{found}. Give a file with at least one record.")
    layout = find_layout(rows, source, task, fields, stem)
    seen = _Seen()
    for question in _questions(chain(head, entries), source, layout, seen):
        seen.add(question)
    return SourceReport(
        source=source,
        task=layout.task.name,
        task_is_guessed=layout.task_is_guessed,
        rows=seen.rows,
        questions=seen.questions,
        columns=layout.columns,
        examples={column: _example(rows, column) for column in layout.columns},
        fields=layout.guesses,
        fields_set={each.field: each.column for each in layout.guesses if each.column is not None},
        splits=dict(seen.splits),
        with_rationale=seen.with_rationale,
        rationales_right=seen.verdicts[True],
        rationales_wrong=seen.verdicts[False],
        duplicate_ids=seen.duplicates,
        first_duplicates=tuple(seen.first_duplicates),
        errors=tuple(seen.errors),
        num_errors=seen.num_errors,
        preview=tuple(seen.preview),
        problem=layout.problem,
        notes=notes,
    )


@dataclass
class _Seen:
    """Counts so far."""

    rows: int = 0
    questions: int = 0
    splits: Counter[str] = field(default_factory=Counter)
    with_rationale: int = 0
    verdicts: Counter[bool | None] = field(default_factory=Counter)
    ids: set[str] = field(default_factory=set)
    duplicates: int = 0
    first_duplicates: list[str] = field(default_factory=list)
    errors: list[RowError] = field(default_factory=list)
    num_errors: int = 0
    preview: list[Question] = field(default_factory=list)

    def add(self, question: Question) -> None:
        self.questions += 1
        self.splits[question.split] += 1
        if question.rationale is not None:
            self.with_rationale += 1
            self.verdicts[question.teacher_correct] += 1
        if question.id in self.ids:
            self.duplicates += 1
            if len(self.first_duplicates) < PREVIEW_QUESTIONS and question.id not in self.first_duplicates:
                self.first_duplicates.append(question.id)
        self.ids.add(question.id)
        if len(self.preview) < PREVIEW_QUESTIONS:
            self.preview.append(question)

    def add_error(self, error: RowError) -> None:
        self.num_errors += 1
        if len(self.errors) < MAX_ERRORS:
            self.errors.append(error)


def _questions(entries: Iterable[Entry], source: str, layout: Layout, seen: _Seen) -> Iterator[Question]:
    """Every whole question; what is wrong with the others goes into `seen`."""
    task, number = layout.plain_task, -1
    for entry in entries:
        seen.rows += 1
        if isinstance(entry, RowError):
            seen.add_error(entry)
            continue
        number += 1
        if layout.problem is not None:
            continue
        place, row = entry
        try:
            yield from questions_from_rows([(place, layout.read(row, number))], task, source)
        except InputError as error:
            message = str(error).removeprefix(f"{source}, {place}").removeprefix(": ")
            seen.add_error(RowError(place, message))


def _example(rows: list[dict[str, Any]], column: str) -> str:
    value = next((value for row in rows if (value := value_at(row, column)) not in (None, "", [])), "")
    text = " ".join(str(value).split())
    return text if len(text) <= EXAMPLE_CHARACTERS else f"{text[: EXAMPLE_CHARACTERS - 3]}..."
