"""An ablation: runs of several methods under several seeds, what is the same computed once, and the tables of them."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TextIO

from kpod import methods
from kpod.ablation_donors import AblationDonors
from kpod.ablation_processes import check_processes, run_in_processes
from kpod.ablation_store import CANCEL_FILE, Ablation, Cell, create_ablation
from kpod.ablation_tables import write_tables
from kpod.ablation_variations import Variation, check_variations, varied
from kpod.config import RunConfig, make_config
from kpod.errors import InputError, RunCancelled
from kpod.pipeline import run_pipeline
from kpod.progress import format_seconds
from kpod.run_reporter import RunReporter
from kpod.run_store import Run, create_run, load_run

LONGEST_NAME = 120


class AblationReporter(RunReporter):
    """A run's reporter that also hears the wish to stop the whole ablation: a file `cancel` in its folder."""

    def cancelled(self) -> bool:
        if (self.run.folder.parent / CANCEL_FILE).is_file():
            self._stop = True
        return super().cancelled()


def start_ablation(
    folder: str | Path,
    config: RunConfig,
    chosen: Sequence[str],
    seeds: Sequence[int],
    *,
    reference: str | None = None,
    equal: str = "epochs",
    variations: Sequence[Variation] = (),
) -> Ablation:
    """A new ablation, nothing of it run yet. Its reference is plain distillation, else the first method.

    `equal`: all methods are given the same number of epochs, or of supervised tokens: as many as plain distillation
    has in the configuration's epochs, the rest following as further epochs. `variations`: all of it is run for every
    value of each, one setting at a time. Raises InputError for methods that do not exist or come twice, no seeds, a
    reference that is not among the methods, or a value that its setting cannot take.
    """
    for name in chosen:
        methods.get(name)
    repeated = [name for name in dict.fromkeys(chosen) if list(chosen).count(name) > 1]
    if not chosen or repeated:
        raise InputError(f"The methods are {', '.join(chosen) or 'none'}; give at least one, each once.")
    if not seeds or len(set(seeds)) < len(seeds):
        raise InputError(f"The seeds are {list(seeds)}; give at least one, each once.")
    reference = reference or ("plain" if "plain" in chosen else chosen[0])
    if reference not in chosen:
        raise InputError(f"The reference {reference!r} is none of {', '.join(chosen)}. Choose one of them.")
    if equal not in ("epochs", "tokens"):
        raise InputError(f"equal is {equal!r}; all methods get the same number of epochs or of tokens.")
    check_variations(config, variations)
    return create_ablation(folder, config, chosen, seeds, reference=reference, equal=equal, variations=variations)


def run_ablation(
    ablation: Ablation,
    stream: TextIO | None = None,
    reporter: Callable[[Run, TextIO], RunReporter] = AblationReporter,
    processes: int = 1,
) -> Ablation:
    """Run what is not finished yet, and write the tables after every run; `processes` of them at a time.

    A run that fails is told and the others go on; the failures are raised as one InputError at the end. Raises
    RunCancelled where asked to stop: by the file `cancel` in the ablation's folder, or by a signal. `reporter` is what
    runs report to that this process makes itself, which it does where it is the only one.
    """
    stream = stream or sys.stderr
    check_processes(processes)
    with ablation.locked():
        (ablation.folder / CANCEL_FILE).unlink(missing_ok=True)
        ablation.update(status="running", error=None)
        before = ablation.state.finished_runs
        try:
            if processes == 1:
                failures = _run_matrix(ablation, stream, reporter)
            else:
                failures = run_in_processes(ablation, stream, processes)
        except (RunCancelled, KeyboardInterrupt) as stop:
            ablation.update(status="cancelled")
            raise RunCancelled(
                f"{str(stop) or 'Interrupted.'} Go on with: python -m kpod ablate --resume {ablation.folder}"
            ) from stop
        except Exception as error:
            ablation.update(status="failed", error=f"{type(error).__name__}: {error}")
            raise
        if before and before == ablation.state.finished_runs:
            write_tables(ablation)  # as this version writes them
        message = "\n".join(f"{name}: {error}" for name, error in failures.items())
        ablation.update(status="failed" if failures else "finished", error=message or None)
    if failures:
        raise InputError(f"{len(failures)} of {len(ablation.matrix())} runs failed; the others are done.\n{message}")
    return ablation


def _run_matrix(ablation: Ablation, stream: TextIO, make_reporter: Callable) -> dict[str, str]:
    """Run the matrix; the errors of runs that failed, by folder name."""
    matrix, failures, own_seconds = ablation.matrix(), {}, []
    donors = AblationDonors(ablation)
    for number, cell in enumerate(matrix):
        name = cell.folder.name
        left = sum(own_seconds) / len(own_seconds) * (len(matrix) - number) if own_seconds else None
        progress = {"done": number, "total": len(matrix), "current": name, "seconds_left": left}
        ablation.update(progress=progress)
        if ablation.has_finished(cell):
            continue
        told = f", {format_seconds(left)} left" if left is not None else ""
        print(f"run {number + 1} of {len(matrix)}: {cell.told}{told}", file=stream, flush=True)
        started = time.monotonic()
        try:
            run_cell(ablation, cell, donors, lambda run: make_reporter(run, stream))
        except InputError as error:
            failures[name] = str(error)
            continue
        own_seconds.append(time.monotonic() - started)
        ablation.update(finished_runs=(*ablation.state.finished_runs, name))
        write_tables(ablation)
    ablation.update(progress={"done": len(matrix), "total": len(matrix), "current": None, "seconds_left": 0.0})
    return failures


def run_cell(
    ablation: Ablation, cell: Cell, donors: AblationDonors, make_reporter: Callable[[Run], RunReporter]
) -> None:
    """Make one run of the matrix, or go on with it. Raises what `run_pipeline` raises."""
    run = _opened(cell.folder, config_of(ablation, cell))
    run_pipeline(run, make_reporter(run), donors.beside(cell.folder))


def config_of(ablation: Ablation, cell: Cell) -> RunConfig:
    """The configuration of one run of the matrix."""
    start = varied(ablation.config, cell.setting, cell.value) if cell.setting else ablation.config
    values = start.model_dump()
    values |= {"name": f"{ablation.name}: {cell.told}"[:LONGEST_NAME], "method": cell.method, "seed": cell.seed}
    values["distillation"] |= {"length": ablation.state.equal}
    return make_config(values)


def _opened(folder: Path, config: RunConfig) -> Run:
    if not (folder / "run.json").is_file():
        return create_run(folder, config)
    run = load_run(folder)
    run.config = config
    return run
