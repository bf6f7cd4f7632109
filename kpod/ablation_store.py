"""Ablations on disk: a folder with the runs of methods x seeds, its state, and its tables. No torch, nothing pickled.

An ablation is a folder beside the runs (`runs/NAME/`) with `ablation.json`, `config.yaml` (the configuration that all
its runs start from), one run folder for every method, seed and value of what is varied besides (`kpod-seed0/`,
`kpod-small_world.filler_share-0.5-seed0/`), and, as runs finish, its tables. It has no `run.json`, so `list_runs`
passes it over and its runs are listed by `Ablation.runs()` alone. Where something is varied, every table begins with
`setting` (what) and `value` (as it was written); methods are compared within one value.

`results.parquet`, also as `.csv`: one row a method, seed and evaluation set, in the order of the matrix.

    evaluation_set, method, label, seed, run (folder name), questions, correct, accuracy, low, high (95% Wilson),
    no_answer (questions), base_accuracy (None where not measured), supervised_tokens and steps (of the
    distillation), seconds (all stages, as if none were shared), seconds_STAGE (one column a pipeline stage)

`by_steps.parquet`: one row a method, evaluation set and number of steps that the questions take (as the data say, else
as their own rationales have), over all seeds; empty where nothing says so.

    evaluation_set, method, label, num_steps, questions, correct, accuracy, low, high (95% bootstrap over seeds; Wilson
    where there is one seed), is_reference, difference, difference_low, difference_high, p_value (as in the summary, on
    these questions alone), p_adjusted (Holm, over methods and numbers of steps)

`summary.parquet`, also as `.csv`: one row a method and evaluation set, over its seeds.

    evaluation_set, method, label, is_reference, seeds, accuracy (mean over seeds), low, high (95% bootstrap over
    seeds; equal to the accuracy where there is one seed), no_answer (mean), supervised_tokens (mean), seconds (mean)
    difference, difference_low, difference_high (accuracy minus the reference's on the same questions and seeds, 95%
    paired bootstrap over seeds and questions), only_method, only_reference (answers that one alone has right, over all
    seeds), p_value (exact paired sign-flip test; McNemar's where there is one seed), p_adjusted (Holm, over the
    methods of the table). The reference's own differences and p-values are NaN.

`departures.parquet`: one row a method, evaluation set and way in which wrong answers part from the gold or teacher's
solution (`kpod.wrong_answers`), over all seeds.

    evaluation_set, method, label, departure, questions (all that were asked), wrong (those that part so), share (mean
    over seeds), low, high (95% bootstrap over seeds; Wilson where there is one seed)

`table.md` has all of it in Markdown. `workerN.txt` is what the N-th of several processes put out.

A shipped ablation (`kpod.ablation_export`) has `ablation.json`, `config.yaml` and the tables as CSV, and no runs: it is
read and shown like any other, and never goes on.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from kpod.ablation_variations import Variation
from kpod.artefacts import delete_temporaries, make_new_folder, read_parquet, write_parquet, write_whole
from kpod.config import RunConfig
from kpod.errors import InputError
from kpod.run_lock import hold, is_locked
from kpod.run_store import Run, load_run, now, read_state, runs_folder

SHIPPED_ABLATIONS = Path(__file__).resolve().parent.parent / "assets" / "ablations"
FORMAT_VERSION = 2  # 1 knew no variations
STATE_FILE = "ablation.json"
CANCEL_FILE = "cancel"
TABLES = ("results", "by_steps", "departures", "summary")
CELL_COLUMNS = ("setting", "value")
"""The first columns of every table where something is varied."""

_TEXT_COLUMNS = (*CELL_COLUMNS, "evaluation_set", "method", "label", "run", "departure")
_SHORT_VALUE = re.compile(r"[\w.+-]{1,24}", re.ASCII)


class Cell(NamedTuple):
    """One run of the matrix: its method, seed and folder, and what is varied, to which value (both "" for nothing)."""

    method: str
    seed: int
    folder: Path
    setting: str = ""
    value: str = ""

    @property
    def told(self) -> str:
        """The cell in words."""
        return f"{self.method}, seed {self.seed}" + (f", {self.setting} {self.value}" if self.setting else "")


@dataclass(frozen=True)
class AblationState:
    """What `ablation.json` holds. `status`: created, running, finished, cancelled or failed.

    `equal` is epochs or tokens: what all methods are given the same number of. `progress` has `done` and `total` runs,
    `current` (folder names of the runs at work) and `seconds_left` (None while nothing is known). `variations`: the
    methods are run once for every value of each, one setting at a time. `shipped`: of one without its runs, `versions`
    (by name) and `machines` that these were made with, `runs_finished_at` and `exported_at`.
    """

    name: str
    methods: tuple[str, ...]
    seeds: tuple[int, ...]
    reference: str
    equal: str = "epochs"
    status: str = "created"
    created_at: str = ""
    progress: dict[str, Any] | None = None
    error: str | None = None
    finished_runs: tuple[str, ...] = field(default_factory=tuple)  # folder names
    variations: tuple[Variation, ...] = ()
    shipped: dict[str, Any] | None = None
    format_version: int = FORMAT_VERSION


class Ablation:
    """An ablation's folder opened for reading (and, by the process that holds its lock, for writing)."""

    def __init__(self, folder: Path, state: AblationState, config: RunConfig):
        self.folder, self.state, self.config = folder, state, config

    # ---- reading

    @property
    def name(self) -> str:
        return self.state.name

    @property
    def status(self) -> str:
        """As `ablation.json` says, but `died` where it says running and nobody holds the lock."""
        if self.state.status == "running" and not is_locked(self.folder):
            return "died"
        return self.state.status

    def matrix(self) -> list[Cell]:
        """Every run, begun or not: seed by seed, so that seeds complete together, and value by value."""
        values = [
            (variation.setting, value, f"-{variation.setting}-{_folder_part(variation, number)}")
            for variation in self.state.variations
            for number, value in enumerate(variation.values)
        ]
        return [
            Cell(method, seed, self.folder / f"{method}{part}-seed{seed}", setting, value)
            for seed in self.state.seeds
            for setting, value, part in values or [("", "", "")]
            for method in self.state.methods
        ]

    def runs(self) -> list[Run]:
        """The runs that have begun, in the order of the matrix. Raises InputError where one is damaged."""
        return [load_run(cell.folder) for cell in self.matrix() if (cell.folder / "run.json").is_file()]

    def has_finished(self, cell: Cell) -> bool:
        return cell.folder.name in self.state.finished_runs and read_state(cell.folder).status == "finished"

    def has(self, table: str) -> bool:
        return any((self.folder / f"{table}.{ending}").is_file() for ending in ("parquet", "csv"))

    def table(self, name: str) -> pd.DataFrame:
        """One of TABLES. Raises InputError where no run has finished yet, or it is damaged."""
        if name not in TABLES:
            raise InputError(f"{name!r} is no table of an ablation; there are {', '.join(TABLES)}.")
        if not self.has(name):
            raise InputError(
                f"The ablation {self.name!r} ({self.status}) has no {name} yet: no run of it has finished. "
                f"Go on with: python -m kpod ablate --resume {self.folder}"
            )
        if self.state.shipped is not None:
            return _read_csv(self.folder / f"{name}.csv")
        return read_parquet(self.folder / f"{name}.parquet")

    # ---- writing: only the process that holds the lock

    def update(self, **changes: Any) -> None:
        """Change fields of the state and write `ablation.json`."""
        self.state = replace(self.state, **changes)
        write_whole(self.folder / STATE_FILE, json.dumps(asdict(self.state), indent=1, ensure_ascii=False).encode())

    def write_table(self, name: str, frame: pd.DataFrame) -> None:
        """A table as Parquet, and as CSV for other programmes."""
        write_parquet(self.folder / f"{name}.parquet", frame)
        write_whole(self.folder / f"{name}.csv", frame.to_csv(index=False).encode())

    def write_markdown(self, text: str) -> None:
        write_whole(self.folder / "table.md", text.encode())

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the ablation for this process. Raises InputError where another process holds it, or it was shipped."""
        if self.state.shipped is not None:
            raise InputError(
                f"The ablation in {self.folder} was shipped with its tables alone: it has no runs to go on with. "
                f"Make them anew from its configuration: python -m kpod ablate --config {self.folder}/config.yaml"
            )
        with hold(self.folder):
            delete_temporaries(self.folder)
            self.state = _read_state(self.folder)
            yield


def _folder_part(variation: Variation, number: int) -> str:
    """A value in a folder's name: itself where it is short and plain, else its number from 1."""
    value = variation.values[number]
    return value if _SHORT_VALUE.fullmatch(value) else f"value{number + 1}"


def cell_columns(setting: str, value: str) -> dict[str, str]:
    """The columns that say what is varied; none where nothing is."""
    return dict(zip(CELL_COLUMNS, (setting, value), strict=True)) if setting else {}


def create_ablation(
    folder: str | Path,
    config: RunConfig,
    methods: Sequence[str],
    seeds: Sequence[int],
    *,
    reference: str,
    equal: str = "epochs",
    variations: Sequence[Variation] = (),
) -> Ablation:
    """A new folder for the runs of `methods` x `seeds` x the values of `variations`.

    Raises InputError where the folder is taken.
    """
    folder = Path(folder)
    make_new_folder(folder, "ablation")
    state = AblationState(
        config.name, tuple(methods), tuple(seeds), reference, equal, created_at=now(), variations=tuple(variations)
    )
    ablation = Ablation(folder, state, config)
    write_whole(folder / "config.yaml", config.to_yaml().encode())
    ablation.update()
    return ablation


def write_shipped(
    folder: Path, ablation: Ablation, tables: Mapping[str, pd.DataFrame], changes: Mapping[str, Any]
) -> Ablation:
    """The ablation's state with `changes`, its configuration and its tables as CSV, in a folder that is there."""
    copy = Ablation(folder, ablation.state, ablation.config)
    write_whole(folder / "config.yaml", ablation.config.to_yaml().encode())
    for name, frame in tables.items():
        write_whole(folder / f"{name}.csv", frame.to_csv(index=False).encode())
    copy.update(**changes)
    return copy


def load_ablation(folder: str | Path) -> Ablation:
    """Open an ablation's folder. Raises InputError where it is none, is damaged or is from a newer version."""
    folder = Path(folder)
    return Ablation(folder, _read_state(folder), RunConfig.from_file(folder / "config.yaml"))


def list_ablations(root: str | Path | None = None) -> list[Ablation]:
    """Every readable ablation under a folder (none: the runs folder), newest first; what is none is passed over."""
    root = Path(root) if root is not None else runs_folder()
    found = []
    for path in sorted(root.glob(f"*/{STATE_FILE}")):
        try:
            found.append(load_ablation(path.parent))
        except InputError:
            continue
    return sorted(found, key=lambda ablation: ablation.state.created_at, reverse=True)


def shipped_ablations(root: str | Path = SHIPPED_ABLATIONS) -> list[Ablation]:
    """The ablations that came with KPOD Studio, by their folders' names."""
    return sorted(list_ablations(root), key=lambda ablation: ablation.folder.name)


def _read_csv(path: Path) -> pd.DataFrame:
    """A table as it was before it was written. Raises InputError where the file is damaged."""
    try:
        text = dict.fromkeys(_TEXT_COLUMNS, str)
        return pd.read_csv(path, dtype=text, keep_default_na=False, na_values=[""])
    except (ValueError, OSError) as error:
        raise InputError(f"{path} is damaged ({error}). Restore it from a copy.") from error


def _read_state(folder: Path) -> AblationState:
    path = folder / STATE_FILE
    if not path.is_file():
        raise InputError(f"{folder} is no ablation: it has no {STATE_FILE}. Start one with: python -m kpod ablate")
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        newest = values["format_version"]
        if newest > FORMAT_VERSION:
            raise InputError(
                f"{folder} was written by a newer KPOD Studio (format {newest}; this one reads up to "
                f"{FORMAT_VERSION}). Update it."
            )
        for name in ("methods", "seeds", "finished_runs"):
            values[name] = tuple(values[name])
        values["variations"] = tuple(
            Variation(each["setting"], tuple(each["values"])) for each in values.get("variations", ())
        )
        return AblationState(**{f.name: values[f.name] for f in fields(AblationState) if f.name in values})
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError) as error:
        raise InputError(f"{path} is damaged ({error}). Restore it from a copy, or delete the folder.") from error
