"""The curriculum of a run from its tables alone, for the pipeline, the dry run and the app's sliders. No torch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from kpod import methods
from kpod.config import RunConfig
from kpod.curriculum import ScheduleReport, StepTable, robustness_report, schedule_report
from kpod.run_store import Run


def schedule_settings(config: RunConfig) -> dict[str, Any]:
    """The keyword arguments of `build_schedule` that a configuration and its method ask for."""
    method, settings = methods.get(config.method), config.curriculum
    return {
        "num_stages": config.num_stages,
        # A method without progression supervises everything from stage 0.
        "initial_fraction": settings.initial_fraction if method.progressive else 1.0,
        "power": settings.power,
        "beta": settings.beta if method.diversity else 0.0,
        "relative_beta": settings.relative_beta if method.diversity else None,
        "delta_s": settings.delta_s,
        "method": settings.selector,
        "deadline": settings.deadline,
    }


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
    """The schedule that a configuration would give a run's difficulties, without a model."""
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
