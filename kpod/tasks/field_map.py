"""Which column of a user's file is which of our fields: guessed by names and contents, checked, and applied.

    {"problem": "Tom has 3 boxes ...", "solution": "3 * 4 = 12 pens.", "target": 12}
    -> question = problem, rationale = solution, answer = target

A source is a column, a dotted path into one ("question.stem", "choices.text"; a list on the way is gone through, a
number takes one of its items), or several of them with plus signs between: "Body + Question" is joined with a space,
and "option_a + option_b" makes a list of choices. An empty source leaves the field out.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from kpod.errors import InputError
from kpod.tasks.files import Row

FIELDS = (
    "id", "question", "answer", "rationale", "choices", "context", "split", "rationale_source", "correct",
)  # fmt: skip
"""The fields that a map may fill."""

REQUIRED = ("question", "answer")
MAX_DEPTH = 3  # of a dotted path that is offered; one that is given may be deeper


def columns_of(rows: Iterable[Row]) -> tuple[str, ...]:
    """All columns of the rows in order of appearance, those inside objects and lists of objects as dotted paths."""
    found: dict[str, None] = {}
    for row in rows:
        for name, value in row.items():
            _collect(str(name), value, 1, found)
    return tuple(found)


def _collect(path: str, value: Any, depth: int, found: dict[str, None]) -> None:
    found.setdefault(path)
    if isinstance(value, list) and value and isinstance(value[0], dict):
        value = value[0]
    if isinstance(value, dict) and depth < MAX_DEPTH:
        for name, inner in value.items():
            _collect(f"{path}.{name}", inner, depth + 1, found)


def parts_of(source: str, columns: Iterable[str]) -> list[str]:
    """The columns that a source joins; a column whose own name holds a plus sign is one."""
    return [source] if source in set(columns) else [part.strip() for part in source.split("+")]


def value_at(row: Row, path: str) -> Any:
    """What stands at a column or dotted path; None where the row has no such thing."""
    if path in row:
        return row[path]
    value: Any = row
    for name in path.split("."):
        value = _step(value, name)
        if value is None:
            return None
    return value


def _step(value: Any, name: str) -> Any:
    if isinstance(value, dict):
        return value.get(name)
    if not isinstance(value, list):
        return None
    if name.isdecimal():
        return value[int(name)] if int(name) < len(value) else None
    inner = [item.get(name) for item in value if isinstance(item, dict)]
    return inner if len(inner) == len(value) else None


def check_fields(fields: Mapping[str, str], columns: Sequence[str], source: str) -> None:
    """Raise InputError where a map names a field or a column that does not exist; the nearest is named."""
    for field, wanted in fields.items():
        if field not in FIELDS:
            raise InputError(
                f"There is no field {field!r} to fill.{_nearest(field, FIELDS)} Fields: {', '.join(FIELDS)}."
            )
        for part in parts_of(wanted, columns) if wanted else []:
            if part not in columns and not _reaches(part, columns):
                raise InputError(
                    f"{source}: the field {field!r} is to be read from {part!r}, and there is no such column."
                    f"{_nearest(part, columns)} Columns: {', '.join(columns)}. Correct the map of fields."
                )


def _reaches(path: str, columns: Sequence[str]) -> bool:
    """Whether a path deeper than `columns` go, or one that takes an item of a list, begins in one of them."""
    head = path.rpartition(".")[0]
    deep = path.count(".") >= MAX_DEPTH or path.rpartition(".")[2].isdecimal()
    return bool(head) and deep and (head in columns or _reaches(head, columns))


def _nearest(name: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f" Did you mean {near[0]!r}?" if near else ""


def map_row(row: Row, fields: Mapping[str, str]) -> Row:
    """The row with the fields of a checked map filled in; its other columns stay as they are."""
    if not fields:
        return row
    mapped = dict(row)
    for field, source in fields.items():
        mapped[field] = _value(row, field, source) if source else None
    if "choices" in fields:
        mapped["choices"], labels = _choices_and_labels(mapped["choices"])
        if "answer" in fields:
            mapped["answer"] = _letter(mapped["answer"], labels)
    return mapped


def _value(row: Row, field: str, source: str) -> Any:
    parts = parts_of(source, row)
    values = [value_at(row, part) for part in parts]
    if len(values) > 1:
        return values if field == "choices" else " ".join(str(value).strip() for value in values if value is not None)
    value = values[0]
    if field == "answer" and isinstance(value, list) and len(value) == 1:
        return value[0]
    if field == "rationale" and isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        return "\n".join(value)  # a list of steps
    if field == "correct" and str(value) in ("0", "1"):
        return str(value) == "1"
    return value


def _choices_and_labels(value: Any) -> tuple[Any, list[Any] | None]:
    """Options as a list of texts, and their labels where the column holds some; a text is read as JSON (a CSV's)."""
    if isinstance(value, str) and value.lstrip()[:1] in ("[", "{"):
        with suppress(ValueError):
            value = json.loads(value)
    if isinstance(value, list) and value and all(isinstance(item, dict) and "text" in item for item in value):
        value = {"text": [item["text"] for item in value], "label": [item.get("label") for item in value]}
    if isinstance(value, dict) and isinstance(value.get("text"), list):
        labels = value.get("label")
        return value["text"], labels if isinstance(labels, list) and None not in labels else None
    if isinstance(value, dict) and len(value) >= 2 and all(isinstance(text, str) for text in value.values()):
        return list(value.values()), list(value)  # {"A": "ice", "B": "tea"}
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return [_LABELLED.sub("", item, count=1) for item in value] if _are_labelled(value) else value, None
    return value, None


_LABELLED = re.compile(r"^\s*\(?([A-Z])\s*[).:]\s*")


def _are_labelled(options: Sequence[str]) -> bool:
    """Whether every option begins with its own letter, as in ["A)21", "B)21.5"]."""
    letters = [match[1] if (match := _LABELLED.match(option)) else None for option in options]
    return bool(options) and letters == [chr(ord("A") + index) for index in range(len(options))]


def _letter(answer: Any, labels: Sequence[Any] | None) -> Any:
    """A label as the letter of its option; a number is the option's, counted from 0 as hub data sets do."""
    if labels is not None and answer in labels:
        return chr(ord("A") + labels.index(answer))
    if type(answer) is int and 0 <= answer < 26:
        return chr(ord("A") + answer)
    return answer
