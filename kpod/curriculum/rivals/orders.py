"""Curricula that differ in the order alone: none, easy to hard, random and hard to easy, at KPOD's budget.

Easy to hard over whole samples is curriculum learning as Bengio, Louradour, Collobert and Weston (ICML 2009) have
it; the other two are its usual controls. Departure: the pace is not a number of samples but KPOD's budget D(t)
(Eq. 10), so that at every stage as much difficulty is supervised as in KPOD and only the order differs.

At `level` "question" whole rationales enter: a question takes part from the stage at which the difficulties of
all before it and its own fit into D(t). At `level` "step" every question takes part and drops input steps as in
KPOD, but who drops is decided by the gain of the next step (or by chance) instead of the value of Eq. 12.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from kpod.curriculum.budget import budgets_by_stage
from kpod.curriculum.rivals.interface import Curriculum, CurriculumInputs
from kpod.curriculum.rivals.progressive import NO_MEMORY, ScheduledCurriculum, step_level_schedule
from kpod.curriculum.selection import BUDGET_TOLERANCE
from kpod.errors import InputError

LEVELS = ("question", "step")


class WholeFromTheStart(Curriculum):
    """No curriculum: every step of every question from the first stage."""

    def _plan(self, stage, memory, losses):
        return self.whole(stage), NO_MEMORY


class QuestionOrder(Curriculum):
    """Whole questions enter in a fixed order as D(t) grows; at least one takes part in every stage."""

    def __init__(self, inputs: CurriculumInputs, order: np.ndarray) -> None:
        super().__init__(inputs)
        totals = inputs.table.question_totals
        settings = inputs.settings
        total = float(totals.sum())
        self.budgets = budgets_by_stage(total, settings.initial_fraction * total, settings.num_stages, settings.power)
        self.tolerance = BUDGET_TOLERANCE * total
        self.order = order
        self.spent = np.cumsum(totals[order])

    def _plan(self, stage, memory, losses):
        limit = self.budgets[stage] + self.tolerance
        num_taking_part = max(1, int(np.searchsorted(self.spent, limit, side="right")))
        taking_part = np.zeros(self.num_questions, dtype=bool)
        taking_part[self.order[:num_taking_part]] = True
        return self.whole(stage, taking_part), NO_MEMORY


def easy_to_hard(inputs: CurriculumInputs, level: str = "question") -> Curriculum:
    return _in_order(inputs, level, lambda difficulties: np.argsort(difficulties, kind="stable"))


def hard_to_easy(inputs: CurriculumInputs, level: str = "question") -> Curriculum:
    return _in_order(inputs, level, lambda difficulties: np.argsort(-difficulties, kind="stable"))


def random_order(inputs: CurriculumInputs, level: str = "step") -> Curriculum:
    """By default at the level of steps: KPOD without its value function, all else the same."""
    rng = np.random.default_rng(inputs.seed)
    return _in_order(inputs, level, lambda difficulties: rng.permutation(len(difficulties)))


def _in_order(inputs: CurriculumInputs, level: str, order: Callable[[np.ndarray], np.ndarray]) -> Curriculum:
    if level not in LEVELS:
        raise InputError(f"unknown level {level!r}; choose one of {', '.join(LEVELS)}")
    if level == "question":
        return QuestionOrder(inputs, order(inputs.table.question_totals))
    return ScheduledCurriculum(inputs, step_level_schedule(inputs, order))
