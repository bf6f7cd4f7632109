"""What is supervised at a stage, with what weight, and the loss of it (Eq. 14, 15)."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from kpod.prompts import EncodedExample


def supervision(example: EncodedExample, token_weights: np.ndarray | None, num_input_steps: int) -> np.ndarray:
    """Weight of every token of the row as a target, 0 where it is not supervised: (L,) float32.

    Rationale tokens of steps after the first `num_input_steps` weigh w_j (1 where `token_weights` is None); the suffix
    (trigger, answer, end) weighs 1; the question and the given steps are not supervised.
    """
    weights = np.zeros(len(example), dtype=np.float32)
    start, end = example.num_question, example.rationale_end
    supervised = example.token_steps >= num_input_steps
    weights[start:end] = supervised if token_weights is None else supervised * token_weights
    weights[end:] = 1.0
    return weights


def supervised_targets(example: EncodedExample, num_input_steps: int) -> np.ndarray:
    """Which tokens of the row are supervised, whatever their weights: (L,) bool."""
    targets = np.zeros(len(example), dtype=bool)
    targets[example.num_question : example.rationale_end] = example.token_steps >= num_input_steps
    targets[example.rationale_end :] = True
    return targets


def weighted_loss(logits_NV: Tensor, targets_N: Tensor, weights_N: Tensor) -> Tensor:
    """sum_j w_j * NLL_j / N over the supervised tokens of a batch (Eq. 15), a scalar in nats.

    Divided by the number of supervised tokens, so that w = 1 is exactly the unweighted mean loss.
    """
    nll_N = torch.nn.functional.cross_entropy(logits_NV.float(), targets_N, reduction="none")
    return (weights_N * nll_N).sum() / len(targets_N)
