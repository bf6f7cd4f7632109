"""Questions from a file of the user's: task and columns named or guessed, every mistake reported with its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from kpod.errors import InputError
from kpod.records import Question
from kpod.tasks.base import Duplicates, Task, questions_from_rows
from kpod.tasks.files import PlacedRow, read_rows
from kpod.tasks.layout import GUESS_ROWS, find_layout, guess_task
from kpod.tasks.numeric import canonical_gold

__all__ = ["guess", "guess_task", "load_questions", "questions_and_task"]


def load_questions(
    source: str | Path,
    task: str | None = None,
    duplicates: Duplicates = "error",
    fields: Mapping[str, str] | None = None,
) -> list[Question]:
    """The questions of a local .jsonl, .ndjson, .json (a list), .csv, .tsv or .parquet file, in its order.

    Fields: `question`, `answer` (needed); `id` (where no row has one, the file's name and the row's number are);
    `rationale`, `rationale_source`, `split` (or `kpod_split`, which counts before it), `choices` (a list; in a CSV as
    JSON), `context`, `correct`; others are ignored. A task named after a data set also reads that set's official
    layout.
    task: a name of `kpod.tasks.names()`; None guesses from the file: a known official layout, else choices make it
    multiple choice (or yes and no), answers that are all yes or no `strategyqa`, mostly words `asdiv`, anything else
    `arithmetic`.
    duplicates: an id that comes again is an error, or only its `first` row is kept, or all are, with a
    `suffix` ("#2").
    fields: field -> column, where columns have other names; see `kpod.tasks.field_map`. What it does not name is read
    from the column of its own name, else guessed.
    `Question.teacher_correct` is `correct` where given, else whether the rationale's own answer is the gold
    one, else (no rationale, or one that states no answer) None.

    Raises InputError with file, line and field for whatever cannot be read.
    """
    rows = read_rows(source)
    return questions_and_task(rows, str(source), task, duplicates, fields, stem=Path(source).stem)[0]


def questions_and_task(
    rows: Sequence[PlacedRow],
    source: str,
    task: str | None = None,
    duplicates: Duplicates = "error",
    fields: Mapping[str, str] | None = None,
    *,
    stem: str = "row",
) -> tuple[list[Question], Task]:
    """The questions of rows that were read from `source`, and their task; the arguments are `load_questions`'s.

    stem: begins the ids of rows where none has one. Raises InputError that names the source, the place and the field.
    """
    layout = find_layout([row for _, row in rows[:GUESS_ROWS]], source, task, fields, stem)
    if layout.problem is not None:
        raise InputError(layout.problem)
    ready = ((place, layout.read(row, number)) for number, (place, row) in enumerate(rows))
    return questions_from_rows(ready, layout.plain_task, source, duplicates), layout.task


def guess(answers: Sequence[str]) -> str:
    """The name of the generic task that canonical gold answers belong to, for tables that hold no choices."""
    if all(answer in ("yes", "no") for answer in answers):
        return "strategyqa"
    if all(len(answer) == 1 and "A" <= answer <= "Z" for answer in answers):
        return "multiple_choice"
    return "arithmetic" if all(canonical_gold(answer) is not None for answer in answers) else "asdiv"
