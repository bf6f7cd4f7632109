"""Questions from a file of the user's: the task named or guessed, every mistake reported with its place."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from kpod.records import Question
from kpod.tasks.base import Duplicates, Task, questions_from_rows
from kpod.tasks.files import PlacedRow, read_rows
from kpod.tasks.numeric import canonical_gold
from kpod.tasks.registry import get
from kpod.tasks.strategyqa import canonical_answer as canonical_yes_no


def load_questions(source: str | Path, task: str | None = None, duplicates: Duplicates = "error") -> list[Question]:
    """The questions of a local .jsonl, .ndjson, .json (a list), .csv or .parquet file, in its order.

    Fields: `id`, `question`, `answer` (needed); `rationale`, `rationale_source`, `split` (or `kpod_split`,
    which counts before it), `choices` (a list; in a CSV as JSON), `context`, `correct`; others are ignored.
    A task named after a data set also reads that set's official layout.
    task: a name of `kpod.tasks.names()`; None guesses from the file: choices make it multiple choice (or yes
    and no), answers that are all yes or no `strategyqa`, anything else `arithmetic`.
    duplicates: an id that comes again is an error, or only its `first` row is kept, or all are, with a
    `suffix` ("#2").
    `Question.teacher_correct` is `correct` where given, else whether the rationale's own answer is the gold
    one, else (no rationale, or one that states no answer) None.

    Raises InputError with file, line and field for whatever cannot be read.
    """
    rows = read_rows(source)
    chosen = get(task) if task is not None else guess_task(rows)
    return questions_from_rows(rows, chosen, str(source), duplicates)


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
    return get("arithmetic")


def guess(answers: Sequence[str]) -> str:
    """The name of the generic task that canonical gold answers belong to, for tables that hold no choices."""
    if all(answer in ("yes", "no") for answer in answers):
        return "strategyqa"
    if all(len(answer) == 1 and "A" <= answer <= "Z" for answer in answers):
        return "multiple_choice"
    return "arithmetic" if all(canonical_gold(answer) is not None for answer in answers) else "asdiv"
