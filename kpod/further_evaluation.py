"""A finished run measured on further sets of questions: nothing is trained again, and what was measured stays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kpod.config import EvaluationSet, RunConfig, make_config
from kpod.errors import InputError
from kpod.evaluation_sets import load_sets, sets_of
from kpod.pipeline import due_stages, run_pipeline
from kpod.run_reporter import RunReporter
from kpod.run_store import Run

MEASURING = ("evaluation set", "map", "evaluate base", "evaluate")
"""The stages that may run; the map is drawn of all questions together."""


def evaluate_on(run: Run, sets: Sequence[str | Mapping[str, Any]], reporter: RunReporter | None = None) -> Run:
    """Measure a run's students on more sets, which are added to its configuration; answers that it has are kept.

    A set is a source, or a mapping of the settings of `data.evaluation_sets`.
    Raises InputError, before anything changes, where the run is not finished, a set cannot be read, or the run would
    have to be trained again.
    """
    if run.status != "finished":
        raise InputError(
            f"Run {run.name!r} is {run.status}, and only a finished one is measured on further sets. Continue it with: "
            f"python -m kpod run --resume {run.folder}"
        )
    config = with_sets(run.config, sets)
    load_sets(sets_of(config.data))
    training = [name for name in due_stages(run, config) if name not in MEASURING]
    if training:
        raise InputError(
            f"The stages {', '.join(training)} of run {run.name!r} are not of the inputs that it has now, so it would "
            f"be trained again: its data, its student or this program changed. Do so with: python -m kpod run --resume "
            f"{run.folder}"
        )
    run.config = config
    return run_pipeline(run, reporter)


def with_sets(config: RunConfig, sets: Sequence[str | Mapping[str, Any]]) -> RunConfig:
    """The configuration with more sets to measure on; one that it has already is not added twice."""
    values = config.model_dump()
    values["data"]["evaluation_sets"] = [*(values["data"]["evaluation_sets"] or ()), *sets]
    unique: list[EvaluationSet] = []
    for each in make_config(values).data.evaluation_sets or ():
        if each not in unique:
            unique.append(each)
    values["data"]["evaluation_sets"] = [each.model_dump() for each in unique]
    return make_config(values)
