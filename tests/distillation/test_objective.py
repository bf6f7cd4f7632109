"""What is supervised at a stage, and the weighted loss (Eq. 14, 15), hand-worked."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from kpod.distillation.objective import loss_weights, supervised_targets, supervision, weighted_loss
from kpod.prompts import EncodedExample
from kpod.students.supervised_losses import Predicted

# Question 2 tokens, rationale 5 tokens in steps 0 0 1 1 2, suffix 3 tokens.
EXAMPLE = EncodedExample(
    input_ids=np.arange(10),
    num_question=2,
    num_rationale=5,
    token_spans=np.zeros((5, 2), dtype=np.int64),
    token_steps=np.array([0, 0, 1, 1, 2]),
    answer_positions=(8, 9),
)
WEIGHTS = np.array([0.1, 0.2, 0.3, 0.4, 0.5], dtype=np.float32)


@pytest.mark.parametrize(
    ("num_input_steps", "expected"),
    [
        (0, [0, 0, 0.1, 0.2, 0.3, 0.4, 0.5, 1, 1, 1]),
        (1, [0, 0, 0, 0, 0.3, 0.4, 0.5, 1, 1, 1]),
        (2, [0, 0, 0, 0, 0, 0, 0.5, 1, 1, 1]),
        (3, [0, 0, 0, 0, 0, 0, 0, 1, 1, 1]),
        (9, [0, 0, 0, 0, 0, 0, 0, 1, 1, 1]),
    ],
)
def test_steps_after_the_given_ones_are_supervised(num_input_steps, expected):
    assert supervision(EXAMPLE, WEIGHTS, num_input_steps) == pytest.approx(expected)
    assert supervised_targets(EXAMPLE, num_input_steps).tolist() == [value > 0 for value in expected]
    assert supervision(EXAMPLE, None, num_input_steps).tolist() == [float(value > 0) for value in expected]


def test_a_weight_of_nothing_still_counts_as_supervised():
    weights = np.zeros(5, dtype=np.float32)
    assert supervision(EXAMPLE, weights, 0).sum() == 3
    assert supervised_targets(EXAMPLE, 0).sum() == 8


def test_the_weighted_loss_divides_by_the_number_of_tokens():
    logits, targets = torch.tensor([[0.0, 0.0], [2.0, 0.0], [0.0, 3.0]]), torch.tensor([0, 0, 0])
    nll, weights = Predicted(logits).losses(targets), torch.tensor([1.0, 0.5, 0.0])
    expected = (math.log(2) + 0.5 * math.log(1 + math.exp(-2))) / 3
    assert weighted_loss(nll, weights).item() == pytest.approx(expected, rel=1e-6)
    unweighted = torch.nn.functional.cross_entropy(logits, targets)
    assert weighted_loss(nll, torch.ones(3)).item() == pytest.approx(unweighted.item(), rel=1e-6)


def test_a_floor_under_the_weights():
    weights = np.array([0.0, 0.2, 1.0])
    assert loss_weights(weights, 0.0).tolist() == weights.tolist()  # Eq. 15 as written
    assert loss_weights(weights, 0.5).tolist() == [0.5, 0.6, 1.0]  # 0.5 + 0.5 * w
    assert loss_weights(weights, 1.0).tolist() == [1.0, 1.0, 1.0]  # the plain loss
