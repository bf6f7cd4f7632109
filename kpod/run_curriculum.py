"""The curriculum of a run from its tables alone, for the pipeline, the dry run and the app's sliders. No torch."""

from __future__ import annotations

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
        return build_schedule(*schedule_inputs(run), **schedule_settings(config))
    inputs = curriculum_inputs(*schedule_inputs(run), **curriculum_settings(config), seed=config.seed)
    curriculum = make_curriculum(name, inputs)
    return curriculum.schedule if name == "random" else schedule_of_plans(inputs, all_plans(curriculum))


def schedule_inputs(run: Run) -> tuple[StepTable, np.ndarray]:
    """Step difficulties and clusters (training questions,) of a run. Raises InputError where it has none yet."""
    steps = run.table("steps", columns=["question_index", "difficulty"])
    questions = run.table("questions", columns=["trained", "cluster"])
    clusters = questions["cluster"][questions["trained"]].to_numpy()
    return StepTable.of(np.split(steps["difficulty"].to_numpy(), question_cuts(steps))), clusters


def question_cuts(table: pd.DataFrame) -> np.ndarray:
    """Rows at which a table in the order of `question_index` goes on to the next question."""
    return np.flatnonzero(np.diff(table["question_index"].to_numpy())) + 1


def dry_run(run: Run, config: RunConfig) -> ScheduleReport:
    """The schedule that a configuration would give a run's difficulties, without a model.

    Raises InputError for a method whose curriculum is neither KPOD's nor none: it has other settings.
    """
    method = methods.get(config.method)
    if method.curriculum not in ("kpod", "none"):
        raise InputError(
            f"The method {method.name!r} follows another curriculum ({method.label}) than KPOD's schedule, which this "
            "is about. Choose a method such as kpod, as in --set method=kpod."
        )
    return schedule_report(*schedule_inputs(run), **schedule_settings(config))


def robustness_of(run: Run, config: RunConfig, **options: Any) -> pd.DataFrame:
    """How far the run's schedule moves where difficulty is assessed in other ways; see `robustness_report`."""
    tokens = run.table("tokens", columns=["question_index", "step", "nll"])
    offsets = np.concatenate([[0], question_cuts(tokens), [len(tokens)]])
    return robustness_report(
        *schedule_inputs(run),
        token_nlls=tokens["nll"].to_numpy(),
        token_steps=tokens["step"].to_numpy(),
        token_offsets=offsets,
        seed=config.seed,
        **options,
        **schedule_settings(config),
    )
