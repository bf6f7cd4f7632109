"""The guess of a field map: which column of a file is the question, the answer, the rationale and so on, and why."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from kpod.tasks.answers import parse_number
from kpod.tasks.field_map import FIELDS, columns_of, map_row, value_at
from kpod.tasks.files import Row
from kpod.tasks.lettered import canonical_letter

Confidence = Literal["given", "sure", "likely", "guess", "none"]

# In order: of two columns that fit the first counts. Compared without case, dots, underscores and spaces.
NAMES: dict[str, tuple[str, ...]] = {
    "id": ("id", "qid", "questionid", "problemid", "exampleid", "uid", "uuid", "queryid", "key", "idx", "index"),
    "question": (
        "question", "questionstem", "questiontext", "questionconcat", "problem", "problemtext", "problemstatement",
        "query", "prompt", "input", "instruction", "originalquestion", "stem", "text", "q",
    ),
    "answer": (
        "answer", "answertext", "answervalue", "finalanswer", "finalans", "answerkey", "correctanswer", "correctoption",
        "goldanswer", "expectedanswer", "groundtruth", "target", "label", "gold", "ans", "key", "result", "output",
        "correct", "solution", "response", "completion", "a",
    ),
    "rationale": (
        "rationale", "cot", "chainofthought", "reasoning", "explanation", "thought", "thoughts", "steps", "solution",
        "response", "completion", "output", "generation", "generatedtext", "modeloutput", "answerexplanation", "facts",
    ),
    "choices": ("choices", "options", "questionchoices", "candidates", "alternatives", "answerchoices", "endings"),
    "context": ("context", "passage", "article", "paragraph", "background"),
    "split": ("kpodsplit", "split", "subset", "fold", "partition"),
    "rationale_source": ("rationalesource", "teacher", "teachermodel", "generator"),
    "correct": ("correct", "iscorrect", "teachercorrect"),
}  # fmt: skip

OF_ITS_OWN_LAYOUT = ("id", "rationale", "choices")
"""What is guessed of rows that have our `question` and `answer` already: their other columns are left alone."""

ENOUGH = 0.9  # share of values that must fit a field


@dataclass(frozen=True)
class FieldGuess:
    """Where a field is read from: a column or path, or None; how sure that is; and why, for a form to show."""

    field: str
    column: str | None
    confidence: Confidence
    reason: str


@dataclass(frozen=True)
class Column:
    """What the first rows hold in one column; nulls and blanks are left out of `values`."""

    path: str
    values: tuple[Any, ...]
    num_rows: int

    @property
    def key(self) -> str:
        return re.sub(r"[^a-z0-9]", "", self.path.lower())

    def share(self, test: Callable[[Any], bool]) -> float:
        """Share of the values that pass; 0 where there is none."""
        return sum(map(test, self.values)) / len(self.values) if self.values else 0.0

    @property
    def distinct(self) -> float:
        """Share of the values that are different ones."""
        return len({str(value) for value in self.values}) / len(self.values) if self.values else 0.0

    @property
    def filled(self) -> float:
        """Share of the rows that have a value."""
        return len(self.values) / self.num_rows


def look_at(rows: Sequence[Row]) -> list[Column]:
    """Every column of the rows with its values."""
    columns = []
    for path in columns_of(rows):
        values = (value_at(row, path) for row in rows)
        filled = tuple(value for value in values if value is not None and value != "" and value != [])
        columns.append(Column(path, filled, len(rows)))
    return columns


def guess_fields(rows: Sequence[Row], taken: Collection[str] = ()) -> dict[str, FieldGuess]:
    """A guess for every field that the rows do not have under its own name. `taken`: columns that are used already.

    Choices come before the answer, which may be a label of theirs, and the answer before the rationale, which may not
    be the same column.
    """
    columns = [column for column in look_at(rows) if column.path not in taken]
    direct = {column.path for column in columns if column.path in FIELDS and _is_ours(column)}
    own_layout = {"question", "answer"} <= direct
    guesses: dict[str, FieldGuess] = {}
    used = set(direct)
    for field in ("question", "choices", "answer", "rationale", *FIELDS):
        if field in guesses:
            continue
        if field in direct:
            guesses[field] = FieldGuess(field, field, "sure", "the column has the field's own name")
            continue
        if own_layout and field not in OF_ITS_OWN_LAYOUT:
            continue
        free = [column for column in columns if column.path not in used and not _is_within(column.path, used)]
        guess = _guess(field, free, rows, guesses)
        if field == "choices" and own_layout and guess.column and not _names_options("answer", guess.column, rows):
            guess = FieldGuess(
                field, None, "none", f"{guess.column!r} has the name, but the answers are no options of it"
            )
        guesses[field] = guess
        if guess.column is not None:
            used.add(guess.column)
    return {field: guesses[field] for field in FIELDS if field in guesses}


def _is_ours(column: Column) -> bool:
    """Whether a column with a name of ours is that field; `answer` may hold an `answer.text`, `correct` a letter."""
    if column.path in ("question", "answer"):
        return column.share(lambda value: isinstance(value, dict)) <= 0.5
    return column.path != "correct" or not column.values or _TESTS["correct"](column)


def _is_within(path: str, used: Collection[str]) -> bool:
    return any(path.startswith(f"{other}.") for other in used if other != "question")


def _guess(field: str, free: list[Column], rows: Sequence[Row], guesses: dict[str, FieldGuess]) -> FieldGuess:
    fits = _TESTS[field]
    choices = guesses.get("choices")
    named = sorted(
        (column for column in free if column.key in NAMES[field]), key=lambda column: NAMES[field].index(column.key)
    )
    for column in named:
        by_options = field == "answer" and choices and choices.column
        if fits(column) or (by_options and _names_options(column.path, choices.column, rows)):
            rank: Confidence = "sure" if NAMES[field].index(column.key) == 0 else "likely"
            return FieldGuess(field, column.path, rank, f"{column.path!r} is a usual name for it, and its values fit")
    if field == "question":
        asking = [column for column in free if column.share(_asks) > 0.5]
        if len(asking) == 1:
            return FieldGuess(field, asking[0].path, "guess", "the only column of texts that end in a question mark")
    if field == "answer":
        short = [column for column in free if column.share(_is_number) >= ENOUGH and column.distinct > 0.05]
        if len(short) == 1 and short[0].key not in NAMES["id"]:
            return FieldGuess(field, short[0].path, "guess", "the only column of single numbers")
    seen = f"{named[0].path!r} has the name, but its values do not fit" if named else "no column looks like it"
    return FieldGuess(field, None, "none", seen)


def _names_options(answer: str, choices: str, rows: Sequence[Row]) -> bool:
    """Whether what stands in the column `answer` are letters, labels, numbers or words of the options."""
    mapped = [map_row(row, {"choices": choices, "answer": answer}) for row in rows]
    fitting = sum(
        isinstance(row["choices"], list) and canonical_letter(row["answer"], row["choices"]) is not None
        for row in mapped
    )
    return fitting >= ENOUGH * len(rows)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _asks(value: Any) -> bool:
    return isinstance(value, str) and value.rstrip().endswith("?")


def _is_long(value: Any) -> bool:
    if isinstance(value, list):
        return bool(value) and all(map(_is_text, value))
    return isinstance(value, str) and (len(value.split()) >= 4 or "=" in value)


def _is_number(value: Any) -> bool:
    return not isinstance(value, bool) and isinstance(value, str | int | float) and parse_number(str(value)) is not None


def _answers(value: Any) -> bool:
    """Whether a value can be a gold answer: a number, a truth value, a word or few, or GSM8K's "... #### 42"."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, bool) or _is_number(value):
        return True
    return isinstance(value, str) and ("####" in value or len(value.split()) <= 4)


def _are_options(value: Any) -> bool:
    mapped = map_row({"options": value}, {"choices": "options"})["choices"]
    return isinstance(mapped, list) and len(mapped) >= 2 and all(map(_is_text, mapped))


_TESTS: dict[str, Callable[[Column], bool]] = {
    "id": lambda column: (
        len(column.values) == column.num_rows
        and column.distinct == 1.0
        and column.share(lambda value: isinstance(value, str | int)) == 1.0
    ),
    "question": lambda column: (
        column.filled >= ENOUGH
        and column.share(_is_text) >= ENOUGH
        and column.share(lambda value: len(str(value)) > 1) >= ENOUGH
        and (column.distinct > 0.5 or column.num_rows < 3)
    ),
    "answer": lambda column: column.filled >= ENOUGH and column.share(_answers) >= ENOUGH,
    "rationale": lambda column: column.share(_is_long) >= ENOUGH,
    "choices": lambda column: column.share(_are_options) >= ENOUGH,
    "context": lambda column: column.share(_is_text) >= ENOUGH,
    "split": lambda column: column.share(_is_text) >= ENOUGH and column.distinct <= 0.5,
    "rationale_source": lambda column: column.share(_is_text) >= ENOUGH,
    "correct": lambda column: column.share(lambda value: str(value).lower() in ("0", "1", "true", "false")) >= ENOUGH,
}
