"""MCC-KD's loss: two rationales of a question must agree in the answer (Chen et al., EMNLP 2023 Findings, 2310.14747).

    L = CE + alpha * mean over questions of the mean over answer tokens t of (KL(P_t || Q_t) + KL(Q_t || P_t)) / 2

P and Q are the student's distributions at the tokens of the same answer after the one and the other rationale; the
two rationales are drawn anew every epoch. alpha is 0.1, as in the authors' code.
Departures: the cross-entropy is a mean over the supervised tokens of both texts, not a mean of two means, so that it is
the plain loss on the same tokens; pairs are drawn at random from all different rationales that a question has, not
from those least alike in their n-grams; the answer is the one in the template's sentence, never one inside a rationale.
A question with one rationale takes part with its cross-entropy alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from kpod.distillation.batches import Totals, TrainingBatch
from kpod.distillation.objective import Lesson, weighted_loss
from kpod.prompts import EncodedExample
from kpod.students.supervised_losses import Predicted


@dataclass(frozen=True)
class ConsistencyObjective:
    """`rationales`: the texts of every question, its own first, all with the same answer."""

    rationales: Sequence[Sequence[EncodedExample]]
    seed: int
    alpha: float = 0.1

    @property
    def lengths(self) -> list[int]:
        return [max(len(example) for example in texts) for texts in self.rationales]

    def lessons(self, question: int, epoch: int, num_input_steps: int) -> list[Lesson]:
        texts = self.rationales[question]
        if len(texts) == 1:
            return [Lesson(texts[0], None, num_input_steps)]
        drawn = np.random.default_rng([self.seed, epoch, question]).choice(len(texts), size=2, replace=False)
        return [Lesson(texts[index], None, num_input_steps) for index in drawn]

    def loss(self, predicted: Predicted, batch: TrainingBatch, totals: Totals) -> Tensor:
        taught = weighted_loss(predicted.losses(batch.targets_N), batch.weights_N, totals.supervised)
        if not batch.pairs:
            return taught
        at_answers = [
            tuple(predicted.logits((batch.rows_N == row) & batch.answers_N) for row in pair) for pair in batch.pairs
        ]
        apart = torch.stack([symmetric_divergence(first_AV, second_AV) for first_AV, second_AV in at_answers])
        return taught + self.alpha * apart.sum() / totals.pairs


def symmetric_divergence(first_AV: Tensor, second_AV: Tensor) -> Tensor:
    """(KL(P || Q) + KL(Q || P)) / 2 in nats, the mean over the answer's tokens; both are logits (A, V)."""
    assert first_AV.shape == second_AV.shape, (first_AV.shape, second_AV.shape)
    log_p, log_q = first_AV.float().log_softmax(-1), second_AV.float().log_softmax(-1)
    # KL(P || Q) + KL(Q || P) = sum (p - q) (log p - log q)
    return ((log_p.exp() - log_q.exp()) * (log_p - log_q)).sum(-1).mean() / 2
