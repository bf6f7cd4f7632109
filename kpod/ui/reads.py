"""Reads of runs, cached on what a file is now: (path, modification time, size). Frames are shared: never change one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import streamlit as st

from kpod.errors import InputError
from kpod.run_store import Run, load_run, runs_folder

EXAMPLE_RUN = Path(__file__).resolve().parent.parent.parent / "assets" / "example_run"
SECOND_EXAMPLE = "example_run_other_seed"  # beside it: the same under another seed, for comparisons


@dataclass(frozen=True)
class RunList:
    """The runs by the key that the address carries, newest first, and why any folder could not be read."""

    runs: dict[str, Run]
    unreadable: tuple[str, ...]


def all_runs() -> RunList:
    """The runs of the runs folder, then the shipped examples. A copy with a known id is told apart by its folder."""
    found, unreadable = [], []
    root = runs_folder()
    for folder in sorted(root.iterdir()) if root.is_dir() else []:
        if folder.name.startswith(".") or not (folder / "run.json").is_file():  # hidden: on its way in or out
            continue
        try:
            found.append(open_run(folder))
        except InputError as error:
            unreadable.append(str(error))
    found.sort(key=lambda run: run.state.created_at, reverse=True)
    shipped = (EXAMPLE_RUN, EXAMPLE_RUN.with_name(SECOND_EXAMPLE))
    found.extend(open_run(folder) for folder in shipped if (folder / "run.json").is_file())
    runs: dict[str, Run] = {}
    for run in found:
        key = run.id if run.id not in runs else f"{run.id}@{run.folder.name}"
        runs[key] = run
    return RunList(runs, tuple(unreadable))


def open_run(folder: Path) -> Run:
    """A run, read again only where its run.json or config.yaml changed."""
    return _open_run(str(folder), _stamp(folder / "run.json"), _stamp(folder / "config.yaml"))


def table(run: Run, name: str, columns: tuple[str, ...] | None = None) -> pd.DataFrame:
    """A table of a run, with those of `columns` that it has. Raises InputError where it has not been written."""
    return _table(str(run.folder), name, columns, _stamp(run.path(name)), run)


def rows(run: Run, name: str, question: str) -> pd.DataFrame:
    """The rows of one question."""
    return _rows(str(run.folder), name, question, _stamp(run.path(name)), run)


def table_or_none(run: Run, name: str, columns: tuple[str, ...] | None = None) -> pd.DataFrame | None:
    """A table, or None where the run has not got that far."""
    return table(run, name, columns) if run.has(name) else None


def metrics(run: Run) -> pd.DataFrame:
    """What the run logged, one row a step."""
    return _metrics(str(run.folder), _stamp(run.folder / "metrics.jsonl"), run)


def stamp(run: Run, name: str) -> tuple[int, int] | None:
    """What tells one state of a table's file from another, as a key for caches of what is computed from it."""
    return _stamp(run.path(name))


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


# `_run` is not part of a cache's key: the folder and the file's stamp say it all. No spinner: it would take a place on
# the page that the next, cached read does not take, and everything below would be drawn anew.


@st.cache_resource(max_entries=64, show_spinner=False)
def _open_run(folder: str, run_stamp: object, config_stamp: object) -> Run:
    return load_run(folder)


@st.cache_resource(max_entries=24, show_spinner=False)
def _table(folder: str, name: str, columns: tuple[str, ...] | None, stamp: object, _run: Run) -> pd.DataFrame:
    if columns is not None:
        columns = tuple(column for column in columns if _run.has(name, column))
    return _run.table(name, columns)


@st.cache_resource(max_entries=256, show_spinner=False)
def _rows(folder: str, name: str, question: str, stamp: object, _run: Run) -> pd.DataFrame:
    return _run.table(name, question=question)


@st.cache_resource(max_entries=4, show_spinner=False)
def _metrics(folder: str, stamp: object, _run: Run) -> pd.DataFrame:
    return _run.metrics
