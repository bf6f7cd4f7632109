"""What a trainer needs of any curriculum: at each stage, the input steps of every question and who takes part.

    state = curriculum.start()
    for epoch in ...:
        losses = ... if curriculum.needs_losses else None
        state, plan = curriculum.next_stage(state, losses)

A curriculum holds no state of its own: `CurriculumState` is all that a checkpoint has to keep.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from kpod.curriculum.budget import budgets_by_stage
from kpod.curriculum.builder import checked_settings, run_stages
from kpod.curriculum.schedule import Schedule
from kpod.curriculum.selection import (
    BUDGET_TOLERANCE,
    SELECTORS,
    Selector,
    check_beta_and_method,
    checked_clusters,
)
from kpod.curriculum.stages import StageSettings
from kpod.curriculum.steps import StepTable
from kpod.errors import InputError


@dataclass(frozen=True)
class StagePlan:
    """What one stage (an epoch) trains on."""

    stage: int  # 1, 2, ...
    num_input_steps: np.ndarray  # (questions,) int32: steps given as input, the rest is supervised
    participation: np.ndarray  # (questions,) float32: weight of the question's loss, 0 leaves it out of the epoch


@dataclass(frozen=True)
class CurriculumState:
    """Where a curriculum stands after `stage` stages; `memory` is what an adaptive one carries on."""

    stage: int = 0
    memory: np.ndarray = field(default_factory=lambda: np.zeros(0))


@dataclass(frozen=True)
class CurriculumInputs:
    """What curricula are made of; the settings are those of `build_schedule`."""

    table: StepTable
    clusters: np.ndarray  # (questions,)
    settings: StageSettings
    method: str
    seed: int

    def schedule(self, selector: Selector | None = None) -> Schedule:
        """The progressive schedule with these settings, by `method` or by another selector."""
        return run_stages(self.table, self.clusters, self.settings, selector or SELECTORS[self.method])


def curriculum_inputs(
    step_difficulties, clusters, *, num_stages, initial_fraction=0.3, power=0.5, beta=12.0, delta_s=1,
    method="structured", deadline=True, relative_beta=None, seed=0,
) -> CurriculumInputs:  # fmt: skip
    """Checked inputs of any curriculum; arguments and errors as in `build_schedule`."""
    check_beta_and_method(beta, method)
    table = StepTable.of(step_difficulties)
    settings = checked_settings(num_stages, initial_fraction, power, beta, relative_beta, delta_s, deadline)
    return CurriculumInputs(table, checked_clusters(clusters, table.num_questions), settings, method, seed)


class Curriculum(ABC):
    """One curriculum over the stages 1..T; after T every question takes part with its whole rationale."""

    needs_losses: ClassVar[bool] = False

    def __init__(self, inputs: CurriculumInputs) -> None:
        self.inputs = inputs
        self.num_questions = inputs.table.num_questions
        self.num_stages = inputs.settings.num_stages

    def start(self) -> CurriculumState:
        return CurriculumState()

    def next_stage(self, state: CurriculumState, losses=None) -> tuple[CurriculumState, StagePlan]:
        """The plan of stage `state.stage` + 1, and the state after it.

        `losses` (questions,) are needed where `needs_losses`: the mean NLL of each question's rationale and
        answer tokens, in nats, under the student as it stands before this stage; before stage 1 that is the
        student before distillation. Raises InputError where they are missing, NaN or not one a question.
        """
        stage = state.stage + 1
        if stage > self.num_stages:
            return CurriculumState(stage, state.memory), self.whole(stage)
        checked = self._checked_losses(losses) if self.needs_losses else None
        plan, memory = self._plan(stage, state.memory, checked)
        return CurriculumState(stage, memory), plan

    @abstractmethod
    def _plan(self, stage: int, memory: np.ndarray, losses) -> tuple[StagePlan, np.ndarray]:
        """The plan of a stage in 1..T, and the memory to carry on."""

    def whole(self, stage: int, taking_part: np.ndarray | None = None) -> StagePlan:
        """Whole rationales, of all questions or of those in the mask."""
        participation = np.ones(self.num_questions, dtype=np.float32)
        if taking_part is not None:
            participation = taking_part.astype(np.float32)
        return StagePlan(stage, np.zeros(self.num_questions, dtype=np.int32), participation)

    def _checked_losses(self, losses) -> np.ndarray:
        if losses is None:
            raise InputError("this curriculum adapts to the student: pass the current loss of every question")
        losses = np.asarray(losses, dtype=np.float64)
        if losses.shape != (self.num_questions,) or not np.isfinite(losses).all():
            raise InputError(
                f"losses of shape {losses.shape} arrived; one finite number for each of the {self.num_questions} "
                "questions is needed"
            )
        return losses


@dataclass(frozen=True)
class CurriculumEntry:
    """A line of the registry."""

    name: str
    label: str
    source: str
    needs_losses: bool
    build: Callable[..., Curriculum]  # (inputs, **options)


def all_plans(curriculum: Curriculum) -> list[StagePlan]:
    """Stages 1..T of a curriculum that needs no losses, for tables and figures."""
    if curriculum.needs_losses:
        raise InputError("this curriculum follows the student's losses; its stages exist only while it trains")
    state, plans = curriculum.start(), []
    for _ in range(curriculum.num_stages):
        state, plan = curriculum.next_stage(state)
        plans.append(plan)
    return plans


def schedule_of_plans(inputs: CurriculumInputs, plans: list[StagePlan]) -> Schedule:
    """The stages 1..T of a curriculum that gives steps as input by no choice of questions, as a schedule.

    Stage 0, on which nothing is trained, gives all. A stage's bound is its own value, for there was nothing to choose.
    """
    given = np.stack([inputs.table.num_steps.astype(np.int32), *(plan.num_input_steps for plan in plans)])
    supervised = np.array([inputs.table.supervised_difficulty(steps).sum() for steps in given])
    dropped = np.diff(given, axis=0, prepend=given[:1]) < 0
    gains = np.diff(supervised, prepend=0.0)
    total, settings = float(inputs.table.difficulties.sum()), inputs.settings
    num_clusters = int(inputs.clusters.max()) + 1
    nothing = np.zeros(len(given))
    return Schedule(
        input_steps=given,
        picked=dropped,
        forced=np.zeros_like(dropped),
        budgets=budgets_by_stage(total, settings.initial_fraction * total, settings.num_stages, settings.power),
        supervised=supervised,
        gain_terms=gains,
        diversity_terms=nothing,
        forced_gains=nothing,
        bounds=gains,
        betas=nothing,
        picks_by_cluster=np.stack([np.bincount(inputs.clusters[row], minlength=num_clusters) for row in dropped]),
        fill_rounds=0,
        total=total,
        tolerance=BUDGET_TOLERANCE * total,
    )


def supervised_difficulty(table: StepTable, plan: StagePlan) -> float:
    """H of a plan, in nats: difficulty of the supervised steps of the questions that take part."""
    return float(table.supervised_difficulty(plan.num_input_steps)[plan.participation > 0].sum())
