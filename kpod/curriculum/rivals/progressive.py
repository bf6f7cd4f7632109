"""Curricula inside the rationale: KPOD's schedule, the same budget in another order, and in-sample (ICL)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from kpod.curriculum.rivals.interface import Curriculum, CurriculumInputs, StagePlan
from kpod.curriculum.schedule import Schedule
from kpod.curriculum.selection import Selector
from kpod.curriculum.structured import select_structured
from kpod.errors import InputError

NO_MEMORY = np.zeros(0)


class ScheduledCurriculum(Curriculum):
    """Follows the rows 1..T of a `Schedule`; every question takes part in all of them."""

    def __init__(self, inputs: CurriculumInputs, schedule: Schedule) -> None:
        super().__init__(inputs)
        self.schedule = schedule

    def _plan(self, stage, memory, losses):
        everyone = np.ones(self.num_questions, dtype=np.float32)
        return StagePlan(stage, self.schedule.input_steps[stage], everyone), NO_MEMORY


class InSampleCurriculum(Curriculum):
    """In-sample curriculum learning, ICL (Jia, Liu, Tang and Zhu, ACL 2023, arXiv 2211.11297).

    Sequence completion: the student first completes the end of each output, given a long prefix of it, and the
    prefix shortens until the whole output is generated. Every sample moves alike; no difficulty is measured.
    Departures: the prefix is counted in steps, floor(ratio * n_i), not in tokens, so that it can be compared
    with KPOD's; its ratio falls in equal strides from `start_ratio` at stage 1 to 0 at stage T, not by a tuned
    start and stride. `start_ratio` is by default what C0 leaves: 1 - initial_fraction.
    """

    def __init__(self, inputs: CurriculumInputs, start_ratio: float | None = None) -> None:
        super().__init__(inputs)
        self.start_ratio = 1.0 - inputs.settings.initial_fraction if start_ratio is None else start_ratio
        if not 0 <= self.start_ratio <= 1:
            raise InputError(f"start_ratio is {start_ratio}; it is a share of the rationale, in 0..1")

    def _plan(self, stage, memory, losses):
        ratio = self.start_ratio * (self.num_stages - stage) / max(1, self.num_stages - 1)
        # The small addition keeps 0.3 * 10 from being floored to 2.
        steps = np.floor(ratio * self.inputs.table.num_steps + 1e-9).astype(np.int32)
        return StagePlan(stage, steps, np.ones(self.num_questions, dtype=np.float32)), NO_MEMORY


def step_level_schedule(inputs: CurriculumInputs, order: Callable[[np.ndarray], np.ndarray]) -> Schedule:
    """KPOD's stages, budget and deadline, but questions drop steps in `order(gains)` while they fit the budget."""

    def select(gains, clusters, num_clusters, budget, beta, tolerance):
        chosen = take_in_order(gains, order(gains), budget + tolerance)
        # The bound of the problem, so that the certificate tells what the order gives away.
        return chosen, select_structured(gains, clusters, num_clusters, budget, beta, tolerance)[1]

    selector: Selector = select
    return inputs.schedule(selector)


def take_in_order(gains: np.ndarray, order: np.ndarray, limit: float) -> np.ndarray:
    """Indices, rising, of what fits in the budget when it is offered in `order`; what does not fit is skipped."""
    taken = []
    waiting, slack = order, limit
    while len(waiting := waiting[gains[waiting] <= slack]):
        spent = np.cumsum(gains[waiting])
        num_fitting = int(np.searchsorted(spent, slack, side="right"))
        taken.append(waiting[:num_fitting])
        slack -= spent[num_fitting - 1]
        waiting = waiting[num_fitting:]
    return np.sort(np.concatenate(taken)) if taken else np.zeros(0, dtype=np.int64)
