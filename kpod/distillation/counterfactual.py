"""SCOTT's training: a student must follow a rationale to whatever answer it leads (Wang et al., ACL 2023, 2305.01879).

    L = mean NLL of rationale and answer, factual  +  mean NLL of the answer alone, after a counterfactual rationale

A counterfactual rationale was given by a teacher that had been told a wrong answer; it is the student's input, and the
student is taught that wrong answer. A keyword before the question tells the two tasks apart.
Departures: only the counterfactual texts carry a keyword, and only before the question, so that a student is asked
factual questions by the same prompt as every other method's; both means are over the tokens of one step's batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from kpod.distillation.batches import Totals, TrainingBatch
from kpod.distillation.objective import Lesson
from kpod.prompts import EncodedExample
from kpod.students.supervised_losses import Predicted

KEYWORD = "[Counterfactual]"
FACTUAL, COUNTERFACTUAL = 0, 1  # groups


@dataclass(frozen=True)
class CounterfactualObjective:
    """`counterfactuals`: for every question the text that leads to another answer, None where it has none."""

    examples: Sequence[EncodedExample]
    counterfactuals: Sequence[EncodedExample | None]

    @property
    def lengths(self) -> list[int]:
        pairs = zip(self.examples, self.counterfactuals, strict=True)
        return [max(len(example), 0 if other is None else len(other)) for example, other in pairs]

    def lessons(self, question: int, epoch: int, num_input_steps: int) -> list[Lesson]:
        taught = [Lesson(self.examples[question], None, num_input_steps, group=FACTUAL)]
        other = self.counterfactuals[question]
        if other is not None:
            taught.append(Lesson(other, group=COUNTERFACTUAL, answer_only=True))
        return taught

    def loss(self, predicted: Predicted, batch: TrainingBatch, totals: Totals) -> Tensor:
        device, nll_N = predicted.device, predicted.losses(batch.targets_N)
        groups_N = batch.groups_B[batch.rows_N].to(device)
        weighted_N = batch.weights_N.to(device) * nll_N
        parts = [
            weighted_N[groups_N == group].sum() / count for group, count in enumerate(totals.by_group) if count > 0
        ]
        return torch.stack(parts).sum()
