"""`build_schedule`: the progressive schedule of all questions (Eq. 9-13, design choices named)."""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from kpod.curriculum.budget import check_stages, is_whole
from kpod.curriculum.schedule import Schedule
from kpod.curriculum.selection import SELECTORS, Selector, check_beta_and_method, checked_clusters
from kpod.curriculum.stages import StageRunner, StageSettings
from kpod.curriculum.steps import StepTable
from kpod.errors import InputError

MAX_CLUSTER_LABEL = 1_000_000


def build_schedule(
    step_difficulties,
    clusters,
    *,
    num_stages,
    initial_fraction=0.3,
    power=0.5,
    beta=12.0,
    delta_s=1,
    method="structured",
    deadline=True,
    relative_beta=None,
) -> Schedule:
    """The number of input steps c_i(t) of every question at every stage t = 0..T, T = `num_stages` (Eq.
    9-13).

    `step_difficulties` is a list of one-dimensional arrays, one a question, of the difficulty of each of
    its steps in reading order, in nats (or a `StepTable`, which is the quick form); `clusters`
    (questions,) are labels 0..K-1.

    A stage raises the supervised difficulty H(t) = sum_i sum_{k > c_i(t)} d_ik towards the budget D(t)
    (Eq. 10, `power` p, D(0) = C0 = `initial_fraction` * B): questions that `method` selects (`structured`
    or `ftgp`, see `select_questions`) drop `delta_s` input steps. `relative_beta` b replaces `beta` at
    each stage by b * deltaD / sum_k sqrt(m_k) (see `beta_from_relative`).

    Where the paper is silent: stage 0 starts from c_i = n_i and fills C0 with the same selector and
    delta_s 1. With `deadline` a question that could no longer reach 0 by T drops first and is charged to
    the budget, so all c_i(T) = 0; where that overruns D(t), a warning names the smallest delta_s that
    does not. With `deadline=False` (the paper's text taken literally) what is left at T is supervised at
    once at T + 1: `Schedule.jump`.

    Raises InputError on bad difficulties (see `StepTable`), labels or settings.
    """
    check_beta_and_method(beta, method)
    settings = checked_settings(num_stages, initial_fraction, power, beta, relative_beta, delta_s, deadline)
    return run_stages(step_difficulties, clusters, settings, SELECTORS[method])


def run_stages(step_difficulties, clusters, settings: StageSettings, selector: Selector) -> Schedule:
    """A schedule with any selector: rival orders of the same budget come in here."""
    table = StepTable.of(step_difficulties)
    clusters = checked_clusters(clusters, table.num_questions)
    if clusters.max() > MAX_CLUSTER_LABEL:
        raise InputError(f"cluster label {clusters.max()} arrived; number them from 0 (at most {MAX_CLUSTER_LABEL})")
    schedule = StageRunner(table, clusters, settings, selector).run()
    if settings.deadline and schedule.overruns.any():
        smallest = smallest_feasible_delta_s(table, clusters, settings, selector)
        schedule = dataclasses.replace(schedule, feasible_delta_s=smallest)
    return dataclasses.replace(schedule, warnings=_warnings(schedule, settings))


def checked_settings(num_stages, initial_fraction, power, beta, relative_beta, delta_s, deadline) -> StageSettings:
    """The settings as plain numbers, or an InputError that says which is wrong."""
    check_stages(num_stages, power)
    if not 0 <= initial_fraction <= 1:
        raise InputError(f"initial_fraction is {initial_fraction}; it is a share of all difficulty, in 0..1")
    if not is_whole(delta_s) or delta_s < 1:
        raise InputError(f"delta_s is {delta_s}; it must be a whole number of steps, at least 1")
    if not math.isfinite(beta) or beta < 0:
        raise InputError(f"beta is {beta}; it must be a finite number, at least 0 (the paper's is 12)")
    if relative_beta is not None and not (math.isfinite(relative_beta) and relative_beta >= 0):
        raise InputError(f"relative_beta is {relative_beta}; it must be a finite number, at least 0, or None")
    return StageSettings(
        num_stages=int(num_stages),
        initial_fraction=float(initial_fraction),
        power=float(power),
        beta=float(beta),
        relative_beta=None if relative_beta is None else float(relative_beta),
        delta_s=int(delta_s),
        deadline=bool(deadline),
    )


def _warnings(schedule: Schedule, settings: StageSettings) -> list[str]:
    if not settings.deadline:
        return _literal_warnings(schedule)
    late = np.flatnonzero(schedule.overruns)
    if not len(late):
        return []
    shares = schedule.overruns / schedule.total
    return [
        f"Finishing every question by stage {schedule.num_stages} with delta_s = {settings.delta_s} overruns "
        f"the difficulty budget at {stage_names(late)}, at most by {shares.max():.2%} of all difficulty "
        f"(stage {shares.argmax()}); delta_s = {schedule.feasible_delta_s} is the smallest that stays within it."
    ]


def _literal_warnings(schedule: Schedule) -> list[str]:
    if not schedule.num_unfinished:
        return []
    return [
        f"{schedule.num_unfinished} of {schedule.num_questions} questions are unfinished at stage "
        f"{schedule.num_stages} without the deadline rule; stage {schedule.num_stages + 1} supervises their "
        f"remaining steps at once, {schedule.jump / schedule.total:.2%} of all difficulty."
    ]


def stage_names(stages: np.ndarray) -> str:
    """Some stages in words: "stage 1", "stages 1, 2 and 3 more"."""
    names = ", ".join(str(stage) for stage in stages[:8])
    more = f" and {len(stages) - 8} more" if len(stages) > 8 else ""
    return f"stage{'s' if len(stages) > 1 else ''} {names}{more}"


def smallest_feasible_delta_s(table: StepTable, clusters, settings: StageSettings, selector: Selector) -> int:
    """The smallest delta_s above the present one whose schedule, by the deadline rule, never overruns the
    budget.

    One as large as the longest rationale always does: nothing is forced before T, where D(T) = B.
    """
    longest = int(table.num_steps.max())
    for delta_s in range(settings.delta_s + 1, longest):
        trial = dataclasses.replace(settings, delta_s=delta_s)
        if not _must_overrun(table, trial) and not StageRunner(table, clusters, trial, selector).run().overruns.any():
            return delta_s
    return longest


def _must_overrun(table: StepTable, settings: StageSettings) -> bool:
    """Whether the steps that the deadline forces by some stage exceed its budget, whatever is selected."""
    total = float(table.difficulties.sum())
    position = np.arange(len(table.difficulties)) - np.repeat(table.offsets[:-1], table.num_steps)
    by_position = np.bincount(position, weights=table.difficulties)
    beyond = np.append(np.cumsum(by_position[::-1])[::-1], 0.0)  # [j]: difficulty of all steps after the j-th
    stages = np.arange(settings.num_stages + 1)
    allowed = np.minimum((settings.num_stages - stages) * settings.delta_s, len(beyond) - 1)
    initial = settings.initial_fraction * total
    budgets = initial + (total - initial) * (stages / settings.num_stages) ** (settings.power + 1)
    return bool((beyond[allowed] > budgets + 1e-9 * total).any())
