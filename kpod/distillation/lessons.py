"""What a question teaches in an epoch: one text or several, and which of their tokens are supervised."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from torch import Tensor

from kpod.distillation.batches import Totals, TrainingBatch
from kpod.distillation.objective import Lesson, weighted_loss
from kpod.prompts import EncodedExample
from kpod.students.supervised_losses import Predicted


class Objective(Protocol):
    """What the student is taught and by which loss. `question` counts the training questions from 0."""

    lengths: Sequence[int]
    """Tokens of each question's longest text, for batches of similar length."""

    def lessons(self, question: int, epoch: int, num_input_steps: int) -> list[Lesson]:
        """The texts of a question in an epoch (from 1) that gives so many of its steps as input."""

    def loss(self, predicted: Predicted, batch: TrainingBatch, totals: Totals) -> Tensor:
        """The batch's part, in nats, of the loss of a step whose batches have `totals` between them."""


@dataclass(frozen=True)
class RationaleObjective:
    """One text a question, by the weighted loss (Eq. 15): KPOD, plain distillation, and answers alone."""

    examples: Sequence[EncodedExample]
    token_weights: Sequence[np.ndarray | None]

    @property
    def lengths(self) -> list[int]:
        return [len(example) for example in self.examples]

    def lessons(self, question: int, epoch: int, num_input_steps: int) -> list[Lesson]:
        return [Lesson(self.examples[question], self.token_weights[question], num_input_steps)]

    def loss(self, predicted: Predicted, batch: TrainingBatch, totals: Totals) -> Tensor:
        return weighted_loss(predicted.losses(batch.targets_N), batch.weights_N, totals.supervised)
