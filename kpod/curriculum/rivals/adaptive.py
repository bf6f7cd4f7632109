"""Curricula over whole questions that follow the student's own losses: Adaptive CL and self-paced learning."""

from __future__ import annotations

import numpy as np

from kpod.curriculum.rivals.interface import Curriculum, CurriculumInputs
from kpod.errors import InputError


class AdaptiveCurriculum(Curriculum):
    """Adaptive Curriculum Learning, Adaptive CL (Kong, Liu, Wang and Tao, ICCV 2021).

    Difficulty scores start as the losses of a pretrained model and follow the current one: every `interval`
    stages s = (1 - alpha) s + alpha * loss. The easiest share takes part; the share grows exponentially.
    Departures: the pretrained model is the student before distillation; the growth is not tuned but such that
    the share is `start_share` (by default C0's) at stage 1 and 1 at stage T; the KL divergence to the
    pretrained model, a term of the student's loss and not of the curriculum, is left out.
    """

    needs_losses = True

    def __init__(self, inputs: CurriculumInputs, alpha=0.5, interval=1, start_share: float | None = None) -> None:
        super().__init__(inputs)
        self.alpha, self.interval = alpha, interval
        self.start_share = inputs.settings.initial_fraction if start_share is None else start_share
        if not 0 <= alpha <= 1:
            raise InputError(f"alpha is {alpha}; it is the weight of the current loss, in 0..1")
        if interval < 1:
            raise InputError(f"interval is {interval}; it is a number of stages, at least 1")
        if not 0 <= self.start_share <= 1:
            raise InputError(f"start_share is {start_share}; it is a share of the questions, in 0..1")

    def _plan(self, stage, memory, losses):
        scores = memory
        if stage == 1:
            scores = losses
        elif (stage - 1) % self.interval == 0:
            scores = (1 - self.alpha) * memory + self.alpha * losses
        least = max(self.start_share, 1 / self.num_questions)
        progress = 1.0 if self.num_stages == 1 else (stage - 1) / (self.num_stages - 1)
        num_taking_part = round(self.num_questions * least ** (1 - progress))
        taking_part = np.zeros(self.num_questions, dtype=bool)
        taking_part[np.argsort(scores, kind="stable")[: max(1, num_taking_part)]] = True
        return self.whole(stage, taking_part), scores


class SelfPacedCurriculum(Curriculum):
    """Self-paced learning, SPL (Kumar, Packer and Koller, NIPS 2010).

    A question takes part where its current loss is below a threshold (1 / K of the paper), which grows by a
    constant factor each stage until all do. The first threshold admits `start_share` of the questions.
    Departures: one round of selection is an epoch of training, not an optimisation to convergence; all
    questions take part at stage T, whatever the threshold, as in every curriculum here.
    """

    needs_losses = True

    def __init__(self, inputs: CurriculumInputs, start_share: float = 0.5, growth: float = 1.3) -> None:
        super().__init__(inputs)
        if not 0 < start_share <= 1:
            raise InputError(f"start_share is {start_share}; it is a share of the questions, above 0 and at most 1")
        if not growth >= 1:
            raise InputError(f"growth is {growth}; the threshold's factor a stage is at least 1")
        self.start_share, self.growth = start_share, growth

    def _plan(self, stage, memory, losses):
        threshold = np.quantile(losses, self.start_share) if stage == 1 else memory[0] * self.growth
        if stage == self.num_stages:
            taking_part = np.ones(self.num_questions, dtype=bool)
        else:
            # The easiest question always takes part: an epoch of nothing trains nothing.
            taking_part = losses <= max(threshold, losses.min())
        return self.whole(stage, taking_part), np.array([threshold])
