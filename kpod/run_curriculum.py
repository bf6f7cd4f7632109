"""The curriculum of a run from its tables alone, for the pipeline, the dry run and the app's sliders. No torch."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from kpod import methods
from kpod.config import RunConfig
from kpod.curriculum import (
    Schedule,
    ScheduleReport,
    StepTable,
    build_schedule,
    robustness_report,
    schedule_report,
)
from kpod.curriculum.rivals import all_plans, curriculum_inputs, make_curriculum, schedule_of_plans
from kpod.errors import InputError
from kpod.run_store import Run

WITHIN_RATIONALES = ("kpod", "random", "in_sample")
"""Curricula that give steps as input; the others leave questions out and take the rest whole."""


def schedule_settings(config: RunConfig) -> dict[str, Any]:
    """The keyword arguments of `build_schedule` that a configuration and its method ask for."""
    settings = curriculum_settings(config)
    if methods.get(config.method).curriculum not in WITHIN_RATIONALES:
        settings["initial_fraction"] = 1.0  # everything is supervised from stage 0
    return settings


def curriculum_settings(config: RunConfig) -> dict[str, Any]:
    """The keyword arguments of `curriculum_inputs`, which every curriculum is made of."""
    method, settings = methods.get(config.method), config.curriculum
    return {
        "num_stages": config.num_stages,
        "initial_fraction": settings.initial_fraction,
        "power": settings.power,
        "beta": settings.beta if method.diversity else 0.0,
        "relative_beta": settings.relative_beta if method.diversity else None,
        "delta_s": settings.delta_s,
        "method": settings.selector,
        "deadline": settings.deadline,
    }


def schedule_of(run: Run, config: RunConfig) -> Schedule:
    """How many steps of every question the method gives at every stage.

    For a curriculum over whole questions that is none at any stage: who takes part, it decides as it trains.
    """
    name = methods.get(config.method).curriculum
    if name not in WITHIN_RATIONALES or name == "kpod":
        parts, first_rows = schedule_inputs(run), whole_rationales(run)
        wholes = build_schedule(*_wholes(*parts, first_rows), **schedule_settings(config))
        return wholes.over_parts(parts[0], first_rows)
    inputs = curriculum_inputs(*schedule_inputs(run), **curriculum_settings(config), seed=config.seed)
    curriculum = make_curriculum(name, inputs)
    return curriculum.schedule if name == "random" else schedule_of_plans(inputs, all_plans(curriculum))


def schedule_inputs(run: Run) -> tuple[StepTable, np.ndarray]:
    """Step difficulties and clusters (training questions,) of a run. Raises InputError where it has none yet."""
    steps = run.table("steps", columns=["question_index", "difficulty"])
    questions = run.table("questions", columns=["trained", "cluster"])
    clusters = questions["cluster"][questions["trained"]].to_numpy()
    return StepTable.of(np.split(steps["difficulty"].to_numpy(), question_cuts(steps))), clusters


def whole_rationales(run: Run) -> np.ndarray:
    """The training row at which each rationale begins: every row, or the first part of one that was split."""
    if not run.has("questions", "part_of"):
        return np.arange(int(run.table("questions", columns=["trained"])["trained"].sum()))
    questions = run.table("questions", columns=["trained", "part"])
    part = questions["part"][questions["trained"]]
    return np.flatnonzero((part == 1).to_numpy(dtype=bool))


def _wholes(table: StepTable, clusters: np.ndarray, first_rows: np.ndarray) -> tuple[StepTable, np.ndarray]:
    return table.joined(first_rows), clusters[first_rows]


def question_cuts(table: pd.DataFrame) -> np.ndarray:
    """Rows at which a table in the order of `question_index` goes on to the next question."""
    return np.flatnonzero(np.diff(table["question_index"].to_numpy())) + 1


def dry_run(run: Run, config: RunConfig) -> ScheduleReport:
    """The schedule that a configuration would give a run's difficulties, without a model.

    Raises InputError for a method whose curriculum is neither KPOD's nor none: it has other settings.
    """
    return dry_run_of(*schedule_inputs(run), whole_rationales(run), config)


def dry_run_of(table: StepTable, clusters: np.ndarray, first_rows: np.ndarray, config: RunConfig) -> ScheduleReport:
    """`dry_run` on what has been read already: `schedule_inputs`, with other clusters if wished, `whole_rationales`."""
    method = methods.get(config.method)
    if method.curriculum not in ("kpod", "none"):
        raise InputError(
            f"The method {method.name!r} follows another curriculum ({method.label}) than KPOD's schedule, which this "
            "is about. Choose a method such as kpod, as in --set method=kpod."
        )
    report = schedule_report(*_wholes(table, clusters, first_rows), **schedule_settings(config))
    return replace(report, schedule=report.schedule.over_parts(table, first_rows))


def robustness_of(run: Run, config: RunConfig, **options: Any) -> pd.DataFrame:
    """How far the run's schedule moves where difficulty is assessed in other ways; see `robustness_report`."""
    tokens = run.table("tokens", columns=["question_index", "step", "nll"])
    offsets = np.concatenate([[0], question_cuts(tokens), [len(tokens)]])
    (table, clusters), first_rows = schedule_inputs(run), whole_rationales(run)
    steps_before = table.steps_before(first_rows)[tokens["question_index"].to_numpy()]
    return robustness_report(
        *_wholes(table, clusters, first_rows),
        token_nlls=tokens["nll"].to_numpy(),
        token_steps=tokens["step"].to_numpy() + steps_before,
        token_offsets=np.append(offsets[first_rows], offsets[-1]),
        seed=config.seed,
        **options,
        **schedule_settings(config),
    )
