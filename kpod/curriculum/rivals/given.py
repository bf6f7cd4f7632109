"""A curriculum that follows a finished table of input steps: KPOD's own, as the schedule of a run holds it."""

from __future__ import annotations

import numpy as np

from kpod.curriculum.rivals.interface import CurriculumState, StagePlan


class GivenCurriculum:
    """Stage t gives `input_steps[t]`, every question takes part; after the last stage T rationales are whole."""

    needs_losses = False

    def __init__(self, input_steps: np.ndarray) -> None:
        """`input_steps` (T + 1, questions): row 0 is stage 0, on which nothing is trained."""
        self.input_steps = input_steps
        self.num_stages = len(input_steps) - 1

    def start(self) -> CurriculumState:
        return CurriculumState()

    def next_stage(self, state: CurriculumState, losses=None) -> tuple[CurriculumState, StagePlan]:
        """The plan of stage `state.stage` + 1, and the state after it."""
        stage = state.stage + 1
        steps = self.input_steps[stage] if stage <= self.num_stages else np.zeros_like(self.input_steps[0])
        everyone = np.ones(len(steps), dtype=np.float32)
        return CurriculumState(stage, state.memory), StagePlan(stage, steps, everyone)
