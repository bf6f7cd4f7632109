"""How the rows of a source are read: its task and its field map, both given or guessed from the first rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from kpod.tasks.answers import answer_statements
from kpod.tasks.base import Task
from kpod.tasks.field_guess import FieldGuess, guess_fields, look_at
from kpod.tasks.field_map import FIELDS, REQUIRED, check_fields, columns_of, map_row, parts_of
from kpod.tasks.files import PlacedRow, Row
from kpod.tasks.numeric import canonical_gold
from kpod.tasks.registry import get
from kpod.tasks.strategyqa import canonical_answer as canonical_yes_no

GUESS_ROWS = 1000
"""So many first rows are looked at."""

OFFICIAL_COLUMNS = {
    "svamp": ("Body", "Question", "Answer"),
    "asdiv": ("body", "question", "answer"),
    "logiqa": ("context", "query", "options", "correct_option"),
    "strategyqa": ("qid", "question", "answer", "facts"),
    "drop": ("passage", "question", "answers_spans"),
    "multiarith": ("question", "final_ans"),
    "commonsense_qa": ("question", "question_concept", "choices", "answerKey"),
}
"""Columns by which a data set's official layout is known without its name."""


@dataclass(frozen=True)
class Layout:
    """How to read a source. fields: what `read` fills in, field -> column; guesses: every field, for a form to show.

    problem: why no question can be read at all (a required field has no column), or None. id_prefix: rows without any
    id get this and their number.
    """

    task: Task
    task_is_guessed: bool
    columns: tuple[str, ...]
    fields: Mapping[str, str]
    guesses: tuple[FieldGuess, ...]
    problem: str | None
    id_prefix: str | None

    def read(self, row: Row, number: int) -> Row:
        """The row with our fields; `number` counts the source's rows from 0."""
        adapted = self.task.adapt(map_row(row, self.fields), number)
        if self.id_prefix is not None and "id" not in adapted:
            return {"id": f"{self.id_prefix}-{number + 1:05d}", **adapted}
        return adapted

    @property
    def plain_task(self) -> Task:
        """The task for rows that went through `read`."""
        return replace(self.task, adapt=lambda row, number: row)


def find_layout(
    rows: Sequence[Row],
    source: str,
    task: str | None = None,
    fields: Mapping[str, str] | None = None,
    stem: str = "row",
) -> Layout:
    """The layout of a source by its first rows (all that are given are looked at).

    task: a registered name; None guesses. fields: field -> column, dotted path, or columns with plus signs between; ""
    leaves a field out; what it does not name is read from the column of its own name, or guessed.
    stem: begins the ids that rows without ids get. Raises InputError for a map or a task that cannot be.
    """
    given = dict(fields or {})
    columns = columns_of(rows)
    check_fields(given, columns, source)
    mapped = [map_row(row, given) for row in rows]
    official = get(task) if task is not None else _official(columns)
    if official is not None:
        mapped = [official.adapt(row, number) for number, row in enumerate(mapped)]
    taken = {part for wanted in given.values() for part in parts_of(wanted, columns)} - set(given)
    guesses = guess_fields(mapped, taken)
    effective = _effective(given, guesses)
    chosen = official or guess_task([("", map_row(row, effective)) for row in rows])
    shown = tuple(_shown(field, given, guesses, columns) for field in FIELDS)
    problem = _problem(source, columns, {each.field for each in shown if each.column is not None}, rows)
    no_ids = all("id" not in chosen.adapt(map_row(row, effective), 0) for row in rows)
    return Layout(chosen, task is None, columns, effective, shown, problem, stem if no_ids else None)


def _official(columns: Sequence[str]) -> Task | None:
    known = (name for name, needed in OFFICIAL_COLUMNS.items() if set(needed) <= set(columns))
    name = next(known, None)
    return None if name is None else get(name)


def _effective(given: dict[str, str], guesses: Mapping[str, FieldGuess]) -> dict[str, str]:
    """What has to be filled in: what is given, and guessed columns of another name than the field's own.

    Choices and answer go together, for an answer may be a label of the choices. A column of ours that serves as
    another field (an option's letter in `correct`) is taken out of its own.
    """
    columns = {guess.field: guess.column for guess in guesses.values() if guess.column is not None} | given
    effective = {field: column for field, column in columns.items() if column != field or field in given}
    if {"choices", "answer"} & set(effective) and {"choices", "answer"} <= set(columns):
        effective |= {field: columns[field] for field in ("choices", "answer")}
    used = {column for field, column in effective.items() if column != field}
    return effective | {name: "" for name in FIELDS if name in used and name not in columns}


def _shown(
    field: str, given: Mapping[str, str], guesses: Mapping[str, FieldGuess], columns: Sequence[str]
) -> FieldGuess:
    if field in given:
        return FieldGuess(field, given[field] or None, "given", "as set" if given[field] else "left out, as set")
    if field == "split" and "kpod_split" in columns:
        return FieldGuess(field, "kpod_split", "sure", "it counts before the official split")
    return guesses.get(field) or FieldGuess(field, None, "none", "not looked for: the rows have our own fields")


def _problem(source: str, columns: Sequence[str], found: set[str], rows: Sequence[Row]) -> str | None:
    missing = [field for field in REQUIRED if field not in found]
    if not missing:
        return None
    example = ", ".join(f"{field}: COLUMN" for field in missing)
    hint = ""
    if missing == ["answer"] and (stating := _stating_columns(rows)):
        hint = f" {stating[0]!r} states answers in its texts, but these are the teacher's and not the gold ones."
    return (
        f"{source}: no column was recognised as {' and '.join(missing)}. Columns: {', '.join(columns)}.{hint} "
        f"Say which it is with data.fields={{{example}}} (--fields {missing[0]}=COLUMN), or rename the column."
    )


def _stating_columns(rows: Sequence[Row]) -> list[str]:
    def states(value: object) -> bool:
        return isinstance(value, str) and bool(answer_statements(value))

    return [column.path for column in look_at(rows[:50]) if column.share(states) >= 0.9]


def guess_task(rows: Sequence[PlacedRow]) -> Task:
    """The generic task that fits the rows' choices and answers."""
    answers = [row.get("answer") for _, row in rows if row.get("answer") is not None]
    all_yes_no = bool(answers) and all(canonical_yes_no(answer) is not None for answer in answers)
    if all_yes_no:
        return get("strategyqa")
    if any(row.get("choices") for _, row in rows):
        return get("multiple_choice")
    if answers and all(isinstance(answer, str) and "####" in answer for answer in answers):
        return get("gsm8k")
    if answers and _share(answers, lambda answer: canonical_gold(answer) is not None) < 0.5:
        return get("asdiv")  # words; a few that do not parse among numbers are mistakes to be told
    return get("arithmetic")


def _share(values: Sequence[object], test: Callable[[object], bool]) -> float:
    return sum(map(test, values)) / len(values)
