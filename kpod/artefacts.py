"""Files of a run: written whole or not at all, Parquet tables, lines that are appended. No torch, nothing pickled."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from kpod.errors import InputError

ROWS_A_GROUP = 16_384  # a page that shows one rationale reads one group of a million-token table


@contextmanager
def disk_errors(what: str, folder: Path) -> Iterator[None]:
    """Turn the disk's refusal (full, read-only) into an InputError that says what to do."""
    try:
        yield
    except OSError as error:
        raise InputError(
            f"Could not write {what} in {folder}: {error.strerror or error}. Nothing of it was kept. Free space "
            "there, or copy the run folder to another disk, and resume the run: what was finished stays."
        ) from error


def make_new_folder(folder: Path, what: str) -> None:
    """Make a folder that must not exist, so that of two that try it one gets it. Raises InputError with what to do."""
    try:
        folder.mkdir(parents=True, exist_ok=False)
    except FileExistsError:
        raise InputError(
            f"{folder} exists already. Continue it with --resume {folder}, or give a new folder with --out."
        ) from None
    except OSError as error:
        raise InputError(
            f"Could not make the {what} folder {folder}: {error.strerror}. Give another one with --out."
        ) from error


def write_whole(path: Path, content: bytes) -> None:
    """Write a file whole or not at all. Raises InputError where the disk refuses it (full, read-only)."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with disk_errors(f"{path.name} ({len(content) / 1e6:.1f} MB)", path.parent):
        try:
            with open(temporary, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)


def delete_temporaries(folder: Path) -> None:
    """Delete what a killed writer left; only for who holds the run's lock."""
    for path in folder.glob(".*.tmp"):
        if path.is_file():
            path.unlink()


def write_parquet(path: Path, frame: pd.DataFrame) -> None:
    """Write a table whole. Raises InputError where the disk refuses it."""
    buffer = io.BytesIO()
    arrow = pa.Table.from_pandas(frame, preserve_index=False)
    pq.write_table(arrow, buffer, compression="zstd", row_group_size=ROWS_A_GROUP)
    write_whole(path, buffer.getvalue())


def read_parquet(path: Path, columns: Sequence[str] | None = None, filters: Any = None) -> pd.DataFrame:
    """A table, or with `filters` only the rows that pass them, reading only their row groups.

    Raises InputError where the file is damaged.
    """
    with _damage(path):
        found = pq.read_table(path, columns=list(columns) if columns else None, filters=filters)
        return found.to_pandas(split_blocks=True)  # a block a column: no second copy of a large table


def parquet_columns(path: Path) -> list[str]:
    """The columns of a table. Raises InputError where the file is damaged."""
    with _damage(path):
        return pq.read_schema(path).names


def parquet_types(path: Path) -> dict[str, str]:
    """The columns of a table with what they hold: text, integer, number, true or false, empty, or Arrow's own name.

    Raises InputError where the file is damaged.
    """
    with _damage(path):
        return {entry.name: _type_name(entry.type) for entry in pq.read_schema(path)}


def _type_name(arrow: pa.DataType) -> str:
    if pa.types.is_dictionary(arrow):
        arrow = arrow.value_type
    tests = {
        "text": lambda t: pa.types.is_string(t) or pa.types.is_large_string(t) or pa.types.is_string_view(t),
        "integer": pa.types.is_integer,
        "number": lambda t: pa.types.is_floating(t) or pa.types.is_decimal(t),
        "true or false": pa.types.is_boolean,
        "empty": pa.types.is_null,
    }
    return next((name for name, test in tests.items() if test(arrow)), str(arrow))


@contextmanager
def _damage(path: Path) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowInvalid, OSError) as error:
        raise InputError(
            f"{path} is damaged ({error}). Delete it and resume the run: the stage that writes it runs again."
        ) from error


def append_text(path: Path, text: str) -> None:
    """Add text to a file. Raises InputError where the disk refuses it."""
    with disk_errors(path.name, path.parent), open(path, "a", encoding="utf-8") as file:
        file.write(text)


def json_lines(rows: Sequence[dict[str, Any]]) -> str:
    """One line of JSON a row."""
    return "".join(json.dumps(row) + "\n" for row in rows)


def read_json_lines(path: Path) -> list[dict[str, Any]]:
    """The rows of a file of JSON lines, up to one that a crash cut short; none where there is no file."""
    rows: list[dict[str, Any]] = []
    if not path.is_file():
        return rows
    for line in path.read_text(encoding="utf-8", errors="replace").split("\n"):
        if not line:
            continue
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError:
            break
    return rows
