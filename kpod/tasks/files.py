"""A file of records -> rows with the place that each stands at, for JSON Lines, JSON, CSV and Parquet."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kpod.errors import InputError

Row = dict[str, Any]
PlacedRow = tuple[str, Row]
"""Where a row stands ("line 3", "item 2", "row 7"), and the row."""


def read_rows(path: str | Path) -> list[PlacedRow]:
    """The records of a file by its ending: .jsonl or .ndjson, .json (a list), .csv (with a header), .parquet.

    Raises InputError for a missing file, a folder, another ending, text that is not UTF-8, a record that
    cannot be read (with its line) and a file without records.
    """
    path = Path(path)
    if path.is_dir():
        files = sorted(child.name for child in path.iterdir() if child.suffix in _READERS)[:5]
        inside = f" It holds {', '.join(files)}: name one of them." if files else ""
        raise InputError(f"{path} is a folder, not a file of questions.{inside}")
    if not path.exists():
        raise InputError(f"There is no file {path}. Give the path of a {_endings()} file.")
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise InputError(f"{path} ends in {path.suffix or 'nothing'!r}; questions are read from {_endings()}.")
    rows = reader(path)
    if not rows:
        raise InputError(f"{path} holds no questions. Give a file with at least one record.")
    return rows


def _endings() -> str:
    *most, last = _READERS
    return f"{', '.join(most)} or {last}"


def _read_text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise InputError(
            f"{path}, line {line}: byte 0x{error.object[error.start]:02x} is not UTF-8. Save the file as UTF-8."
        ) from error


def _read_json_lines(path: Path) -> list[PlacedRow]:
    rows = []
    for number, line in enumerate(_read_text(path).split("\n"), start=1):
        if line.strip():
            rows.append((f"line {number}", _record(line, f"{path}, line {number}")))
    return rows


def _record(line: str, where: str) -> Row:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"{where} is no JSON ({error}): {_shortened(line)}. Each line must be one object, "
            'such as {"id": "1", "question": "...", "answer": "..."}.'
        ) from error
    return _object(record, where)


def _object(record: Any, where: str) -> Row:
    if not isinstance(record, dict):
        raise InputError(
            f"{where} is {type(record).__name__}, not an object: {_shortened(json.dumps(record))}. "
            'Each record must be an object, such as {"id": "1", "question": "...", "answer": "..."}.'
        )
    return record


def _read_json(path: Path) -> list[PlacedRow]:
    text = _read_text(path)
    if not text.strip():
        return []
    try:
        records = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"{path} is no JSON ({error}). A .json file holds one list of objects; name a file with an "
            "object a line .jsonl."
        ) from error
    if not isinstance(records, list):
        raise InputError(f"{path} holds one {type(records).__name__}; a .json file must hold a list of objects.")
    return [
        (f"item {number}", _object(record, f"{path}, item {number}")) for number, record in enumerate(records, start=1)
    ]


def _read_csv(path: Path) -> list[PlacedRow]:
    csv.field_size_limit(2**31 - 1)  # a context may be longer than the module's 128 KiB
    reader = csv.DictReader(io.StringIO(_read_text(path), newline=""), strict=True)
    rows: list[PlacedRow] = []
    last_line = 1
    try:
        for record in reader:
            where, last_line = f"line {last_line + 1}", reader.line_num
            if None in record or None in record.values():
                raise InputError(
                    f"{path}, {where}: the row does not have the header's {len(reader.fieldnames or [])} "
                    "columns. Quote texts that hold commas."
                )
            rows.append((where, {name: value or None for name, value in record.items()}))
    except csv.Error as error:
        raise InputError(
            f"{path}, line {reader.reader.line_num}: {error}. Quote texts that hold commas or quotes."
        ) from error
    return rows


def _read_parquet(path: Path) -> list[PlacedRow]:
    import pyarrow
    import pyarrow.parquet

    try:
        records = pyarrow.parquet.read_table(path).to_pylist()
    except (pyarrow.ArrowException, OSError) as error:
        raise InputError(f"{path} cannot be read as Parquet: {error}. Write it anew, or give a .jsonl file.") from error
    return [(f"row {number}", record) for number, record in enumerate(records, start=1)]


def _shortened(text: str) -> str:
    text = text.strip()
    return text if len(text) <= 60 else f"{text[:57]}..."


_READERS: dict[str, Callable[[Path], list[PlacedRow]]] = {
    ".jsonl": _read_json_lines,
    ".ndjson": _read_json_lines,
    ".json": _read_json,
    ".csv": _read_csv,
    ".parquet": _read_parquet,
}
