"""What a task is, and how rows of a file become its questions."""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from kpod.errors import InputError
from kpod.records import Question, RoleSpan
from kpod.tasks.files import PlacedRow, Row, read_rows

Kind = Literal["number", "letter", "yes_no", "text"]
Duplicates = Literal["error", "first", "suffix"]
"""What to do with an id that comes again: refuse, keep the first row, or keep all as id#2, id#3."""


@dataclass(frozen=True)
class Task:
    """A kind of question: how its answers are found in text, brought to canonical form and compared.

    name: what the registry, `load_questions` and the configuration call it. title: what people read.
    extract: text and choices -> canonical answer or None. canonical: a gold answer and choices -> canonical
    answer or None where it is none. equal: predicted and gold answer, both canonical.
    agrees: whether a rationale arrives at a gold answer, where that is laxer than extracting; None: extract.
    adapt: a row in the data set's official layout, and its number from 0 -> the fields that `load_questions`
    documents; rows that have them already pass unchanged.
    """

    name: str
    title: str
    kind: Kind
    extract: Callable[[str, Sequence[str] | None], str | None]
    canonical: Callable[[Any, Sequence[str] | None], str | None]
    equal: Callable[[str | None, str], bool]
    agrees: Callable[[str, str], bool] | None = None
    adapt: Callable[[Row, int], Row] = lambda row, number: row

    def load(self, path: str | Path, duplicates: Duplicates = "error") -> list[Question]:
        """The questions of a local file; see `kpod.load_questions`."""
        return questions_from_rows(read_rows(path), self, str(path), duplicates)

    def extract_answer(self, text: str, choices: Sequence[str] | None = None) -> str | None:
        """The canonical answer that `text` gives, or None; with `choices`, words of an option count too."""
        return self.extract(text, choices)

    def is_correct(self, predicted: str | None, gold: str) -> bool:
        """Whether a prediction (None: no answer, always wrong) has exactly the gold answer's value."""
        return predicted is not None and self.equal(predicted, gold)


def questions_from_rows(
    rows: Iterable[PlacedRow], task: Task, source: str, duplicates: Duplicates = "error"
) -> list[Question]:
    """Questions in the rows' order. Raises InputError that names the source, the place and the field."""
    if duplicates not in ("error", "first", "suffix"):
        raise InputError(f"duplicates is {duplicates!r}; allowed are 'error', 'first' and 'suffix'.")
    questions: list[Question] = []
    places: dict[str, str] = {}
    for number, (place, row) in enumerate(rows):
        question = _question(task.adapt(row, number), task, f"{source}, {place}")
        if question.id in places:
            if duplicates == "first":
                continue
            if duplicates == "error":
                raise InputError(
                    f"{source}, {place}: the id {question.id!r} stands on {places[question.id]} already. "
                    'Make ids unique, or load with duplicates="first" (keep the first row of a question) '
                    'or duplicates="suffix" (keep all, as id#2, id#3).'
                )
            question = _with_suffix(question, places)
        places[question.id] = place
        questions.append(question)
    return questions


def _with_suffix(question: Question, taken: dict[str, str]) -> Question:
    number = 2
    while f"{question.id}#{number}" in taken:
        number += 1
    return replace(question, id=f"{question.id}#{number}")


def _question(row: Row, task: Task, where: str) -> Question:
    choices = _choices(row.get("choices"), where) if task.kind in ("letter", "yes_no") else None
    if task.kind == "letter" and choices is None:
        raise InputError(f'{where}: "choices" is missing; the task {task.name} needs a list of options.')
    gold = _answer(row, task, choices, where)
    rationale = _optional_text(row, "rationale", where)
    return Question(
        id=_text(row, "id", where),
        text=question_text(_text(row, "question", where), _optional_text(row, "context", where), choices, task.kind),
        answer=gold,
        rationale=rationale if rationale and rationale.strip() else None,
        split=_split(row),
        teacher=_optional_text(row, "rationale_source", where),
        teacher_correct=_teacher_correct(row, task, choices, gold, where),
        choices=choices,
        roles=_roles(row.get("roles"), rationale or "", where),
        num_steps=_num_steps(row.get("num_steps"), where),
        truncated=_truncated(row, where),
    )


def question_text(question: str, context: str | None, choices: Sequence[str] | None, kind: Kind) -> str:
    """Context, question and, for multiple choice, options "(A) ... (B) ...", a line each part."""
    parts = [context.strip()] if context and context.strip() else []
    parts.append(question.strip())
    if kind == "letter" and choices:
        parts.append(" ".join(f"({chr(ord('A') + index)}) {choice}" for index, choice in enumerate(choices)))
    return "\n".join(parts)


def _text(row: Row, field: str, where: str) -> str:
    value = _required(row, field, where)
    if isinstance(value, int) and not isinstance(value, bool) and field == "id":
        value = str(value)
    if not isinstance(value, str) or not value.strip():
        raise InputError(f'{where}: "{field}" is {value!r}; give a text that is not empty.')
    return _storable(value, field, where)


def _optional_text(row: Row, field: str, where: str) -> str | None:
    value = row.get(field)
    if value is not None and not isinstance(value, str):
        raise InputError(f'{where}: "{field}" is {type(value).__name__}; give a text or null.')
    return None if value is None else _storable(value, field, where)


def _storable(value: str, field: str, where: str) -> str:
    """The text itself; half a surrogate pair, which JSON can spell, could never be written to a run."""
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise InputError(
            f'{where}: "{field}" holds half a character (\\u{ord(value[error.start]):x}) at {error.start}. '
            "Write it as UTF-8 text."
        ) from error
    return value


def _required(row: Row, field: str, where: str) -> Any:
    if row.get(field) is not None:
        return row[field]
    if field in row:
        raise InputError(f'{where}: "{field}" is empty; every question needs one.')
    near = [name for name in difflib.get_close_matches(field, [str(name) for name in row], n=2, cutoff=0.6)]
    hint = f" Did you mean {' or '.join(map(repr, near))}? Rename it." if near else ""
    raise InputError(f'{where}: the field "{field}" is missing; the row has {", ".join(map(repr, row))}.{hint}')


def _answer(row: Row, task: Task, choices: Sequence[str] | None, where: str) -> str:
    value = _required(row, "answer", where)
    gold = task.canonical(value, choices)
    if gold is None:
        raise InputError(
            f"{where}: the answer {value!r} does not parse for the task {task.name}, which takes "
            f"{_TAKES[task.kind]}. Correct it, or name the task that the file holds."
        )
    return gold


def _choices(value: Any, where: str) -> tuple[str, ...] | None:
    """A list of texts, also written as JSON (in a CSV) or as {"text": [...]} (as the hub has it)."""
    if value is None:
        return None
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            value = None
    if isinstance(value, dict):
        value = value.get("text")
    if not isinstance(value, list | tuple) or not 2 <= len(value) <= 26 or not all(map(_is_text, value)):
        raise InputError(f'{where}: "choices" must be a list of 2 to 26 texts, such as ["bank", "park"].')
    return tuple(value)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _split(row: Row) -> str:
    """`kpod_split` before `split`; "train" where there is no such field, "unassigned" where it is null."""
    given = [row[name] for name in ("kpod_split", "split") if name in row]
    if not given:
        return "train"
    return next((str(value) for value in given if value is not None), "unassigned")


def _teacher_correct(row: Row, task: Task, choices: Sequence[str] | None, gold: str, where: str) -> bool | None:
    """`correct` where given, else by the rationale's own answer; None without a rationale or an answer."""
    rationale, given = row.get("rationale"), row.get("correct")
    if not rationale or not rationale.strip():
        return None
    if isinstance(given, str) and given.lower() in ("true", "false"):  # CSV
        given = given.lower() == "true"
    if given is not None and not isinstance(given, bool):
        raise InputError(f'{where}: "correct" is {given!r}; give true, false or null.')
    if given is not None:
        return given
    predicted = task.extract_answer(rationale, choices)
    if predicted is None:
        return None
    return task.agrees(rationale, gold) if task.agrees else task.is_correct(predicted, gold)


def _roles(value: Any, rationale: str, where: str) -> tuple[RoleSpan, ...] | None:
    """What parts of the rationale are, such as [[0, 2, "filler"], [3, 7, "name"]]."""
    if value is None:
        return None
    if isinstance(value, list):
        spans = tuple(tuple(span) for span in value if isinstance(span, list | tuple) and len(span) == 3)
        if len(spans) == len(value) and all(_is_role_span(span, len(rationale)) for span in spans):
            return spans
    raise InputError(
        f'{where}: "roles" must be a list of [start, end, role] with characters of the rationale, or be left out.'
    )


def _is_role_span(span: tuple[Any, ...], length: int) -> bool:
    start, end, role = span
    return type(start) is int and type(end) is int and 0 <= start < end <= length and isinstance(role, str)


def _num_steps(value: Any, where: str) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit():  # CSV
        value = int(value)
    if value is None or (type(value) is int and value >= 1):
        return value
    raise InputError(f'{where}: "num_steps" is {value!r}; give a whole number from 1, or leave it out.')


def _truncated(row: Row, where: str) -> bool:
    """Whether the teacher's output hit its limit: `truncated`, or else the `finish_reason` of its endpoint."""
    given = row.get("truncated")
    if given is None:
        return row.get("finish_reason") == "length"
    if isinstance(given, str) and given.lower() in ("true", "false"):  # CSV
        given = given.lower() == "true"
    if not isinstance(given, bool):
        raise InputError(f'{where}: "truncated" is {given!r}; give true, false or null.')
    return given


_TAKES = {
    "number": 'a number ("18", "1,250.50", "3/4")',
    "letter": 'the letter of an option ("B") or its words',
    "yes_no": '"yes" or "no"',
    "text": "a number or a few words",
}
