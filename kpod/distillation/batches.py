"""Padded training batches of a stage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from kpod.distillation.objective import supervised_targets, supervision
from kpod.prompts import EncodedExample


@dataclass(frozen=True)
class TrainingBatch:
    """input_ids_BL, attention_mask_BL right-padded; predicts_BL: True where the next token is supervised.

    targets_N and weights_N: the supervised tokens in the row-major order of predicts_BL.
    """

    input_ids_BL: Tensor
    attention_mask_BL: Tensor
    predicts_BL: Tensor
    targets_N: Tensor
    weights_N: Tensor


def build_batch(
    examples: Sequence[EncodedExample],
    token_weights: Sequence[np.ndarray | None],
    input_steps: Sequence[int],
    participation: Sequence[float],
    pad_id: int,
) -> TrainingBatch:
    """A batch in which question i is given `input_steps[i]` steps and counts with `participation[i]` (1 in KPOD)."""
    size = max(len(example) for example in examples)
    shape = (len(examples), size)
    ids, attended = np.full(shape, pad_id, dtype=np.int64), np.zeros(shape, dtype=np.int64)
    targets, weights = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=np.float32)
    for row, example in enumerate(examples):
        length = len(example)
        ids[row, :length] = example.input_ids
        attended[row, :length] = 1
        targets[row, :length] = supervised_targets(example, int(input_steps[row])) & (participation[row] > 0)
        weights[row, :length] = supervision(example, token_weights[row], int(input_steps[row])) * participation[row]
    # The token at position j is predicted at position j - 1.
    predicts = np.zeros(shape, dtype=bool)
    predicts[:, :-1] = targets[:, 1:]
    return TrainingBatch(
        input_ids_BL=torch.from_numpy(ids),
        attention_mask_BL=torch.from_numpy(attended),
        predicts_BL=torch.from_numpy(predicts),
        targets_N=torch.from_numpy(ids[targets]),
        weights_N=torch.from_numpy(weights[targets]),
    )
