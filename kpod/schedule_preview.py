"""The schedule that a run would follow, before it starts: by an earlier run on the same data, else by formula."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kpod import methods
from kpod.config import RunConfig
from kpod.curriculum import difficulty_budget
from kpod.errors import InputError
from kpod.run_curriculum import dry_run, schedule_settings
from kpod.run_store import Run


@dataclass(frozen=True)
class SchedulePreview:
    """What each stage 0..T would supervise.

    budgets: D(t) / B, (T + 1,). supervised: H(t) / B, (T + 1,); None where difficulties are not known yet, then H is
    at most D. steps: steps supervised, (T + 1,), out of `num_steps`; expected ones where difficulties are not known,
    None where not even their number is. basis: the run whose difficulties these are; None for the formula.
    """

    budgets: np.ndarray
    supervised: np.ndarray | None
    steps: np.ndarray | None
    num_steps: int | None
    basis: Run | None
    warnings: tuple[str, ...] = ()

    @property
    def num_stages(self) -> int:
        return len(self.budgets) - 1


def preview_schedule(config: RunConfig, runs: Sequence[Run], num_steps: int | None = None) -> SchedulePreview:
    """The preview by the first of `runs` that rated the same steps, else by the formula (Eq. 10) and `num_steps`.

    Raises InputError for a method with another curriculum than KPOD's schedule, and for settings that cannot be.
    """
    if methods.get(config.method).curriculum not in ("kpod", "none"):
        raise InputError(f"The method {config.method!r} follows another curriculum than the progressive schedule.")
    for run in runs:
        if rated_the_same(run, config):
            return _from_run(config, run)
    return _from_formula(config, num_steps)


def rated_the_same(run: Run, config: RunConfig) -> bool:
    """Whether a run has the difficulties of the very steps that a configuration would learn from."""
    mine, other = config, run.config
    same = (
        mine.data == other.data
        and mine.steps == other.steps
        and mine.student == other.student
        and mine.difficulty == other.difficulty
        and methods.get(mine.method).weighted_difficulty == methods.get(other.method).weighted_difficulty
    )
    return same and run.has("steps", "difficulty") and run.has("questions", "cluster")


def _from_run(config: RunConfig, run: Run) -> SchedulePreview:
    schedule = dry_run(run, config).schedule
    total = schedule.total or 1.0
    num_steps = len(run.table("steps", columns=["step"]))
    given = schedule.input_steps.sum(axis=1)
    return SchedulePreview(
        np.asarray(schedule.budgets) / total,
        np.asarray(schedule.supervised) / total,
        num_steps - given,
        num_steps,
        run,
        tuple(schedule.warnings),
    )


def _from_formula(config: RunConfig, num_steps: int | None) -> SchedulePreview:
    settings = schedule_settings(config)
    initial, stages = settings["initial_fraction"], settings["num_stages"]
    budgets = np.array(
        [difficulty_budget(stage, 1.0, initial, stages, settings["power"]) for stage in range(stages + 1)]
    )
    # Steps that are supervised first are not easier or harder than others as far as one knows: a share of difficulty
    # is expected to be the same share of steps.
    steps = None if num_steps is None else budgets * num_steps
    return SchedulePreview(budgets, None, steps, num_steps, None)
