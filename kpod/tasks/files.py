"""A file of records -> rows with the place that each stands at, for JSON Lines, JSON, CSV, TSV and Parquet.

All but .json are read as a stream: a row at a time is in memory unless the caller keeps them. A .json file is one value
and has to be parsed whole; name a large file .jsonl, with an object a line.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kpod.errors import InputError

Row = dict[str, Any]
PlacedRow = tuple[str, Row]
"""Where a row stands ("line 3", "item 2", "row 7"), and the row."""

ROWS_A_BATCH = 1024  # of a Parquet file, turned into Python values at once


@dataclass(frozen=True)
class RowError:
    """A record that is no question: where it stands, and what is wrong with it and what to do."""

    place: str
    message: str

    def at(self, source: str) -> str:
        """The whole message, with the file."""
        return f"{source}, {self.place}: {self.message}"


Entry = PlacedRow | RowError


def read_rows(path: str | Path) -> list[PlacedRow]:
    """The records of a file by its ending: .jsonl or .ndjson, .json (a list), .csv or .tsv (with a header), .parquet.

    Raises InputError for a missing file, a folder, another ending, text that is not UTF-8, a record that
    cannot be read (with its line) and a file without records.
    """
    rows = []
    for entry in iterate_rows(path):
        if isinstance(entry, RowError):
            raise InputError(entry.at(str(path)))
        rows.append(entry)
    if not rows:
        raise InputError(f"{path} holds no questions. Give a file with at least one record.")
    return rows


def iterate_rows(path: str | Path) -> Iterator[Entry]:
    """The same records one by one, with a RowError for each that cannot be read; nothing is read before the first.

    Raises InputError, at once, for a missing file, a folder or another ending, and on the way for a file that cannot
    be read further.
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
    return reader(path)


def _endings() -> str:
    *most, last = _READERS
    return f"{', '.join(most)} or {last}"


def _iterate_json_lines(path: Path) -> Iterator[Entry]:
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            place = f"line {number}"
            try:
                text = line.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as error:
                yield RowError(place, _not_utf8(error))
                continue
            if text.strip():
                yield _record(text, place)


def _not_utf8(error: UnicodeDecodeError) -> str:
    return f"byte 0x{error.object[error.start]:02x} is not UTF-8. Save the file as UTF-8."


def _record(line: str, place: str) -> Entry:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        return RowError(
            place,
            f"no JSON ({error}): {_shortened(line)}. Each line must be one object, "
            'such as {"id": "1", "question": "...", "answer": "..."}.',
        )
    return _object(record, place)


def _object(record: Any, place: str) -> Entry:
    if not isinstance(record, dict):
        return RowError(
            place,
            f"{type(record).__name__}, not an object: {_shortened(json.dumps(record))}. "
            'Each record must be an object, such as {"id": "1", "question": "...", "answer": "..."}.',
        )
    return place, record


def _iterate_json(path: Path) -> Iterator[Entry]:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise InputError(f"{path}, line {line}: {_not_utf8(error)}") from error
    if not text.strip():
        return
    try:
        records = json.loads(text)
    except (ValueError, RecursionError) as error:
        if str(error).startswith("Extra data"):  # JSON Lines under the name .json, as many data sets have it
            yield from _iterate_json_lines(path)
            return
        raise InputError(
            f"{path} is no JSON ({error}). A .json file holds one list of objects; name a file with an "
            "object a line .jsonl."
        ) from error
    del text
    if isinstance(records, list):
        yield from (_object(record, f"item {number}") for number, record in enumerate(records, start=1))
        return
    lists = _lists_of_objects(records)
    if not lists:
        raise InputError(f"{path} holds one {type(records).__name__}; a .json file must hold a list of objects.")
    for name, inner in lists.items():
        for number, record in enumerate(inner, start=1):
            yield f"item {number} of {name!r}", record if len(lists) == 1 else {"split": name, **record}


def _lists_of_objects(records: Any) -> dict[str, list[Row]]:
    """`{"data": [...]}`, or a list a split as in `{"train": [...], "test": [...]}`; anything else holds none."""
    if not isinstance(records, dict):
        return {}
    lists = {
        name: value
        for name, value in records.items()
        if isinstance(value, list) and value and all(isinstance(item, dict) for item in value)
    }
    return lists if len(lists) in (1, len(records)) else {}


def _iterate_csv(path: Path) -> Iterator[Entry]:
    csv.field_size_limit(2**31 - 1)  # a context may be longer than the module's 128 KiB
    with path.open(encoding="utf-8-sig", newline="") as file:
        try:
            header = file.readline()
            file.seek(0)
            yield from _csv_records(path, csv.DictReader(file, strict=True, delimiter=_delimiter(path, header)))
        except UnicodeDecodeError as error:
            line, own = _first_bad_line(path)
            raise InputError(f"{path}, line {line}: {_not_utf8(own)}") from error


def _delimiter(path: Path, header: str) -> str:
    if path.suffix.lower() == ".tsv":
        return "\t"
    return ";" if ";" in header and "," not in header else ","  # spreadsheets write ; where a comma is decimal


def _csv_records(path: Path, reader: csv.DictReader) -> Iterator[Entry]:
    names = reader.fieldnames or []
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(
            f"{path}: the header names {', '.join(map(repr, twice))} twice. Give each column its own name."
        )
    last_line = 1
    while True:
        place = f"line {last_line + 1}"
        try:
            record = next(reader, None)
        except csv.Error as error:
            message = f"{error}. Quote texts that hold commas or quotes. What follows was not read."
            yield RowError(f"line {reader.reader.line_num}", message)
            return
        if record is None:
            return
        last_line = reader.line_num
        if None in record or None in record.values():
            yield RowError(
                place,
                f"the row does not have the header's {len(names)} columns. Quote texts that hold commas.",
            )
        else:
            yield place, {name: value or None for name, value in record.items()}


def _first_bad_line(path: Path) -> tuple[int, UnicodeDecodeError]:
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as error:
                return number, error
    raise AssertionError(f"{path} was not UTF-8 a moment ago")


def _iterate_parquet(path: Path) -> Iterator[Entry]:
    import pyarrow
    import pyarrow.parquet

    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            number = 0
            for batch in file.iter_batches(ROWS_A_BATCH):
                for record in batch.to_pylist():
                    number += 1
                    yield f"row {number}", record
    except (pyarrow.ArrowException, OSError) as error:
        raise InputError(f"{path} cannot be read as Parquet: {error}. Write it anew, or give a .jsonl file.") from error


def _shortened(text: str) -> str:
    text = text.strip()
    return text if len(text) <= 60 else f"{text[:57]}..."


_READERS: dict[str, Callable[[Path], Iterator[Entry]]] = {
    ".jsonl": _iterate_json_lines,
    ".ndjson": _iterate_json_lines,
    ".json": _iterate_json,
    ".csv": _iterate_csv,
    ".tsv": _iterate_csv,
    ".parquet": _iterate_parquet,
}
