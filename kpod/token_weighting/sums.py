"""The loss of mask learning as the paper writes it: sums over prefixes and tokens, with the mask's own noise."""

# Shapes: B rationales, M tokens of the longest, N predicted answer tokens of all prefixes, V vocabulary.

from __future__ import annotations

import torch
from torch import Tensor


def summed_answer_loss(logits_NV: Tensor, targets_N: Tensor, num_rows: int) -> Tensor:
    """Eq. 5: the answer's NLL, summed over the prefixes and answer tokens of a rationale; mean over the batch."""
    return torch.nn.functional.cross_entropy(logits_NV.float(), targets_N, reduction="sum") / num_rows


def summed_mask(mask_BM: Tensor, valid_BM: Tensor) -> Tensor:
    """Eq. 6: how many tokens of a rationale the drawn mask keeps; mean over the batch."""
    return (mask_BM * valid_BM).sum() / len(mask_BM)
