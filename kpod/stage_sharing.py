"""A finished pipeline stage of another run, taken over where it is of the same inputs: nothing is computed twice.

Tables are written by several stages, so a stage's part of each is taken: its rows, its columns, or the whole. Files are
linked where the disk can: runs never change a file in place.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

from kpod.artefacts import disk_errors, read_json_lines
from kpod.progress import Reporter
from kpod.run_store import Run
from kpod.stage_cache import StageInputs, is_current
from kpod.tensorboard_events import events_folder

LATER_COLUMNS = {"questions": ("cluster", "x", "y"), "steps": ("difficulty",), "tokens": ("weight", "nll")}
"""Columns that other stages add to a table."""

COLUMNS = {"map": ("x", "y", "cluster")}
"""All that a stage writes into a table that is not its own, where that is more than what it is known by."""

MORE_TABLES = {"distill": ("training_plan",)}
"""Tables of a stage that not every run has."""

ROWS: dict[str, tuple[str, str, Callable[[pd.DataFrame], pd.Series]]] = {
    "prepare": ("questions", "evaluation set", lambda frame: frame["trained"].astype(bool)),
    "evaluation set": ("questions", "prepare", lambda frame: ~frame["trained"].astype(bool)),
    "evaluate base": ("predictions", "evaluate", lambda frame: frame["epoch"] == 0),
    "evaluate": ("predictions", "evaluate base", lambda frame: frame["epoch"] != 0),
}
"""Stages that own some rows of a table: the table, the stage that owns the others, and which rows."""


class Donors:
    """Runs whose finished stages may be taken over; here none, or some that nobody works on."""

    def __init__(self, runs: Sequence[Run] = ()):
        self._given = runs

    def find(self, stage: StageInputs, fingerprint: str) -> Run | None:
        """The first run that holds a finished artefact of the same inputs."""
        return next((donor for donor in self.runs() if is_current(donor, stage, fingerprint)), None)

    def runs(self) -> Sequence[Run]:
        return self._given

    @contextmanager
    def turn(self, stage: StageInputs, fingerprint: str, reporter: Reporter) -> Iterator[None]:
        """Inside, nobody else makes this artefact; where others may, this waits. RunCancelled ends the wait."""
        yield


def adopt_stage(run: Run, donor: Run, stage: StageInputs) -> None:
    """Take a finished stage over from another run, with its figures, metrics, warnings, time and memory.

    The stages before it must be done. Raises InputError where the disk refuses it.
    """
    for table, column in stage.outputs:
        if column is None:
            _adopt_table(run, donor, stage.name, table)
        else:
            _adopt_columns(run, donor, table, COLUMNS.get(stage.name, (column,)), stage.name)
    for table in MORE_TABLES.get(stage.name, ()):
        if donor.has(table):
            _link(donor.path(table), run.path(table))
    for name in stage.files:
        _link(donor.folder / name, run.folder / name)
    _adopt_events(run, donor, stage.name)
    run.drop_metrics(stage.name)
    run.append_metrics([row for row in read_json_lines(donor.folder / "metrics.jsonl") if row["stage"] == stage.name])
    record = donor.state.stages[stage.name]
    known, figures = run.state.warnings, [name for name in stage.figures if name in donor.state.summary]
    run.update(
        summary=run.state.summary | {name: donor.state.summary[name] for name in figures},
        warnings=[*known, *(warning for warning in record.warnings if warning not in known)],
        stages=run.state.stages | {stage.name: record},
    )


def _adopt_table(run: Run, donor: Run, stage: str, table: str) -> None:
    frame = donor.table(table).drop(columns=list(LATER_COLUMNS.get(table, ())), errors="ignore")
    if stage in ROWS and ROWS[stage][0] == table:
        _, other_stage, is_own = ROWS[stage]
        frame = frame[is_own(frame)]
        if other_stage in run.state.stages:
            known = run.table(table)
            frame = _joined(frame, known[~is_own(known)])
    run.write_table(table, frame.reset_index(drop=True))


def _joined(own: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """Both parts of a table: training questions first, and the base student's predictions."""
    if "trained" not in own:
        return pd.concat([own, known], ignore_index=True).sort_values("epoch", kind="stable")
    known = known.drop(columns=["x", "y"], errors="ignore")  # the map is drawn of all questions together
    if "cluster" in known:
        own = own.assign(cluster=-1)
    joined = pd.concat([own, known], ignore_index=True).astype(known.dtypes.to_dict())
    return joined.sort_values("trained", ascending=False, kind="stable")


def _adopt_columns(run: Run, donor: Run, table: str, columns: Sequence[str], stage: str) -> None:
    frame, given = run.table(table), donor.table(table)
    for column in columns:
        if table != "questions":
            frame[column] = given[column].to_numpy()  # one row a step or token, in the same order
            continue
        by_question = given.set_index("question")[column]
        if stage == "cluster":
            by_question = by_question.where(given.set_index("question")["trained"].astype(bool), -1)
        values = by_question.reindex(frame["question"].astype(str))
        frame[column] = values.fillna(-1).astype(given[column].dtype).to_numpy()
    run.write_table(table, frame)


def _adopt_events(run: Run, donor: Run, stage: str) -> None:
    source, target = events_folder(donor.folder, stage), events_folder(run.folder, stage)
    if run.config.distillation.tensorboard and source.is_dir():
        with disk_errors(target.name, run.folder):
            target.parent.mkdir(exist_ok=True)
        _link(source, target)


def _link(source: Path, target: Path) -> None:
    """The file or folder under a temporary name, then renamed."""
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    with disk_errors(target.name, target.parent):
        if source.is_dir():
            shutil.rmtree(temporary, ignore_errors=True)
            shutil.copytree(source, temporary, copy_function=_link_or_copy)
            shutil.rmtree(target, ignore_errors=True)
        else:
            temporary.unlink(missing_ok=True)
            _link_or_copy(str(source), str(temporary))
        os.replace(temporary, target)


def _link_or_copy(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system, or one without links
        shutil.copy2(source, target)
