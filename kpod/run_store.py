"""Run folders: the only thing that the engine and the app share. No torch, nothing pickled.

A run is a folder with `config.yaml`, `run.json`, Parquet tables, `metrics.jsonl`, `log.txt` and `checkpoints/`.
Every artefact is written whole (temporary name, then rename), so a reader never sees half of one.
"""

from __future__ import annotations

import json
import os
import platform
import re
import secrets
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pandas as pd

from kpod.artefacts import (
    append_text,
    delete_temporaries,
    json_lines,
    make_new_folder,
    parquet_columns,
    parquet_types,
    read_json_lines,
    read_parquet,
    write_parquet,
    write_whole,
)
from kpod.config import RunConfig, load_config
from kpod.errors import InputError
from kpod.run_lock import hold, is_alive
from kpod.run_state import FORMAT_VERSION, RunState, StageRecord, now, read_state

__all__ = ["FORMAT_VERSION", "TABLES", "Run", "RunState", "StageRecord", "create_run", "list_runs", "load_run"]
__all__ += ["check_tables", "delete_leftovers", "new_folder", "new_run_id", "now", "read_state", "runs_folder"]

TABLES: dict[str, tuple[str, ...]] = {
    # The columns that every such table has. Later stages add cluster, x and y to questions, difficulty to steps,
    # weight and nll to tokens.
    "questions": ("question", "text", "answer", "split", "rationale", "teacher", "teacher_correct"),
    "steps": ("question_index", "question", "step", "character_start", "character_end", "text"),
    "tokens": ("question_index", "question", "position", "character_start", "character_end", "step"),
    "weight_history": ("epoch", "question_index", "position", "weight"),
    "difficulty_history": ("epoch", "question_index", "step", "difficulty"),
    "schedule": ("stage", "question", "input_steps", "picked", "forced"),
    "training_plan": ("epoch", "question_index", "input_steps", "participation"),
    "stages": ("stage", "budget", "supervised", "slack", "gain_term", "diversity_term", "bound"),
    "predictions": ("evaluation_set", "question", "epoch", "output", "answer", "correct"),
    "question_vectors": ("question", "vector"),
}

_INTEGERS = ("question_index", "step", "character_start", "character_end", "position", "epoch", "stage", "cluster")
_NUMBERS = ("x", "y", "weight", "nll", "difficulty", "budget", "supervised", "slack", "gain_term", "diversity_term")
COLUMN_TYPES = {
    "text": ("question", "text", "answer", "split", "rationale", "teacher", "evaluation_set", "output"),
    "integer": (*_INTEGERS, "input_steps"),
    "number": (*_NUMBERS, "bound"),
    "true or false": ("teacher_correct", "picked", "forced", "correct", "trained"),
}
ENDINGS = (".json", ".jsonl", ".yaml", ".txt", ".parquet")
LEFTOVER_SECONDS = 86_400.0  # after a day, an import or a deletion that was killed is over


class Run:
    """A run folder opened for reading (and, by the pipeline that holds its lock, for writing)."""

    def __init__(self, folder: Path, state: RunState, config: RunConfig, remarks: tuple[str, ...] = ()):
        self.folder = folder
        self.state = state
        self.config = config
        self.remarks = remarks  # what of config.yaml an older version wrote, and how it was read

    # ---- reading

    @property
    def id(self) -> str:
        return self.state.id

    @property
    def name(self) -> str:
        return self.state.name

    @property
    def status(self) -> str:
        """As `run.json` says, but `died` where it says queued or running and no process is there for it."""
        if self.state.status in ("queued", "running") and not is_alive(self.folder):
            return "died"
        return self.state.status

    def path(self, table: str) -> Path:
        return self.folder / f"{table}.parquet"

    def has(self, table: str, column: str | None = None) -> bool:
        """Whether a table, and a column of it, has been written yet. Raises InputError where it is damaged."""
        path = self.path(table)
        return path.is_file() and (column is None or column in parquet_columns(path))

    def table(
        self,
        name: str,
        columns: Sequence[str] | None = None,
        question: str | None = None,
        epoch: int | None = None,
    ) -> pd.DataFrame:
        """A table of the run as a frame; with `question` or `epoch`, only its rows (reading only their row groups).

        Raises InputError where the run has not got that far, or the file is damaged.
        """
        if name not in TABLES:
            raise InputError(f"{name!r} is no table of a run; there are {', '.join(TABLES)}.")
        path = self.path(name)
        if not path.is_file():
            raise InputError(self._not_yet(path.name))
        absent = [column for column in columns or () if column not in parquet_columns(path)]
        if absent:
            raise InputError(self._not_yet(f"{' and '.join(absent)} in {path.name}"))
        filters = [] if epoch is None else [("epoch", "==", epoch)]
        if question is not None:
            indexed = "question_index" in parquet_columns(path)
            key = ("question_index", "==", self.question_index(question)) if indexed else ("question", "==", question)
            filters.append(key)
        return read_parquet(path, columns, filters or None)

    def _not_yet(self, what: str) -> str:
        return (
            f"Run {self.name!r} ({self.status}) has no {what} yet: the stage that writes it has not finished, or its "
            f"method needs none. Resume the run with: python -m kpod run --resume {self.folder}"
        )

    @property
    def questions(self) -> pd.DataFrame:
        return self.table("questions")

    @property
    def steps(self) -> pd.DataFrame:
        return self.table("steps")

    @property
    def tokens(self) -> pd.DataFrame:
        return self.table("tokens")

    @property
    def weight_history(self) -> pd.DataFrame:
        return self.table("weight_history")

    @property
    def difficulty_history(self) -> pd.DataFrame:
        return self.table("difficulty_history")

    @property
    def schedule(self) -> pd.DataFrame:
        return self.table("schedule")

    @property
    def training_plan(self) -> pd.DataFrame:
        return self.table("training_plan")

    @property
    def stages(self) -> pd.DataFrame:
        return self.table("stages")

    @property
    def predictions(self) -> pd.DataFrame:
        return self.table("predictions")

    @property
    def question_vectors(self) -> pd.DataFrame:
        return self.table("question_vectors")

    @property
    def metrics(self) -> pd.DataFrame:
        """One row a logged step; a last line cut short by a crash is left out."""
        return pd.DataFrame(read_json_lines(self.folder / "metrics.jsonl"))

    def question_index(self, question: str) -> int:
        """Row of a question in the table of questions, by its id."""
        ids = self.table("questions", columns=["question"])["question"].tolist()
        if question not in ids:
            raise InputError(
                f"Run {self.name!r} has no question {question!r}. It has {len(ids)}, the first is {ids[0]!r}."
            )
        return ids.index(question)

    def log(self) -> str:
        path = self.folder / "log.txt"
        return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""

    # ---- writing: only the process that holds the lock

    def write_table(self, name: str, frame: pd.DataFrame) -> None:
        missing = [column for column in TABLES[name] if column not in frame.columns]
        assert not missing, f"{name} lacks {missing}; it has {list(frame.columns)}"
        write_parquet(self.path(name), frame)

    def update(self, **changes: Any) -> None:
        """Change fields of the state and write `run.json`."""
        self.state = replace(self.state, **changes)
        write_whole(self.folder / "run.json", json.dumps(asdict(self.state), indent=1, ensure_ascii=False).encode())

    def write_config(self) -> None:
        write_whole(self.folder / "config.yaml", self.config.to_yaml().encode())

    def append_metrics(self, rows: Sequence[dict[str, Any]]) -> None:
        append_text(self.folder / "metrics.jsonl", json_lines(rows))

    def drop_metrics(self, stage: str, after_step: int = 0) -> None:
        """Forget what a pipeline stage logged after a step, so that a resumed run has no line twice."""
        path = self.folder / "metrics.jsonl"
        if path.is_file():
            rows = read_json_lines(path)
            kept = [row for row in rows if row.get("stage") != stage or row.get("step", 0) <= after_step]
            write_whole(path, json_lines(kept).encode())

    def append_log(self, text: str) -> None:
        append_text(self.folder / "log.txt", f"{now()} {text}\n")

    @contextmanager
    def locked(self, *, named: bool = True) -> Iterator[None]:
        """Hold the run for this process, with its state as the last holder left it; `named` as for `hold`.

        Raises InputError where another process holds it.
        """
        with hold(self.folder, named=named):
            delete_temporaries(self.folder)
            self.state = read_state(self.folder)
            yield


def create_run(folder: str | Path, config: RunConfig) -> Run:
    """A new run folder with its configuration. Raises InputError where the folder is taken."""
    folder = Path(folder)
    make_new_folder(folder, "run")
    state = RunState(
        id=new_run_id(),
        name=config.name,
        created_at=now(),
        host={"machine": platform.machine(), "system": platform.system(), "cpus": os.cpu_count()},
        versions={"python": platform.python_version()}
        | {name: _version(name) for name in ("torch", "transformers", "peft")},
    )
    run = Run(folder, state, config)
    try:
        run.write_config()
        run.update()
    except InputError:
        shutil.rmtree(folder)  # the name stays free for another try
        raise
    return run


def new_run_id() -> str:
    """An id that no other run has: the time to the second, and chance."""
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"


def load_run(folder: str | Path) -> Run:
    """Open a run folder for reading, finished or not.

    `Run.questions`, `.question_vectors`, `.steps`, `.tokens`, `.weight_history`, `.difficulty_history`, `.schedule`,
    `.stages`, `.training_plan`, `.predictions` and `.metrics` are data frames (README); `.config` and `.state` are not.
    Raises InputError where the folder is missing, is no run, is damaged, is from a newer version, or leads elsewhere.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"No run folder at {folder}. List the runs with: python -m kpod runs")
    _refuse_links(folder)
    state = read_state(folder)
    return Run(folder, state, *load_config(folder / "config.yaml"))


def _refuse_links(folder: Path) -> None:
    """A run is plain files in a folder of its own.

    A link among them could show, in the app, whatever file of this machine it names; a pipe would be waited for.
    """
    try:
        with os.scandir(folder) as entries:
            files = [entry for entry in entries if entry.name.endswith(ENDINGS)]
            odd = [entry.name for entry in files if not entry.is_file(follow_symlinks=False)]
    except OSError as error:  # deleted at this moment
        raise InputError(f"The run folder {folder} cannot be read: {error.strerror}.") from error
    if odd:
        raise InputError(
            f"{folder / min(odd)} is a link, a folder or a pipe, and a run is read from plain files of its own folder. "
            "Copy the file there, or delete it."
        )


def check_tables(run: Run) -> None:
    """Read the schema of every table that a run has.

    Raises InputError where one is damaged, lacks a column, or has one of another type than a run writes.
    """
    for name, columns in TABLES.items():
        if not run.path(name).is_file():
            continue
        types = parquet_types(run.path(name))
        missing = [column for column in columns if column not in types]
        if missing:
            raise InputError(f"{run.path(name)} is damaged: it has no column {', '.join(missing)}.")
        for column, found in types.items():
            wanted = next((kind for kind, members in COLUMN_TYPES.items() if column in members), found)
            if found not in (wanted, "empty") and (found, wanted) != ("integer", "number"):
                raise InputError(f"{run.path(name)} is damaged: its column {column} is {found}, not {wanted}.")


def runs_folder() -> Path:
    """Where runs are kept: $KPOD_RUNS, else `runs` beside the package."""
    return Path(os.environ.get("KPOD_RUNS") or Path(__file__).parent.parent / "runs")


def list_runs(root: str | Path | None = None) -> list[Run]:
    """Every readable run under a folder, newest first; what is no run is passed over."""
    root = Path(root) if root is not None else runs_folder()
    found = []
    for folder in sorted(root.iterdir()) if root.is_dir() else []:
        if folder.name.startswith("."):  # being unpacked, or being deleted
            continue
        try:
            found.append(load_run(folder))
        except InputError:
            continue
    return sorted(found, key=lambda run: run.state.created_at, reverse=True)


def delete_leftovers(root: Path) -> None:
    """Delete what killed imports and deletions left in a runs folder."""
    for folder in [*root.glob(".import-*"), *root.glob(".deleted-*")]:
        if folder.is_dir() and not folder.is_symlink() and time.time() - folder.stat().st_mtime > LEFTOVER_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)


def new_folder(config: RunConfig, root: str | Path | None = None) -> Path:
    """A free folder name for a run: its name made safe for paths, and a number where it is taken."""
    root = Path(root) if root is not None else runs_folder()
    slug = re.sub(r"[^a-z0-9]+", "-", config.name.lower()).strip("-")[:60] or "run"
    candidate, number = root / slug, 2
    while candidate.exists():
        candidate, number = root / f"{slug}-{number}", number + 1
    return candidate


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "missing"
