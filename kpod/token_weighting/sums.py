"""The loss of mask learning as the paper writes it: sums over prefixes and tokens, with the mask's own noise."""

# Shapes: B rationales, M tokens of the longest, N predicted answer tokens of all prefixes, V vocabulary.

from __future__ import annotations

import torch
from torch import Tensor


def summed_loss(logits_NV: Tensor, targets_N: Tensor, continues_N: Tensor, num_rows: int, rest_weight: float) -> Tensor:
    """Eq. 5: the answer's NLL, summed over the prefixes and answer tokens of a rationale; mean over the batch.

    With a `rest_weight` the sum over the continuations' tokens besides (not in the paper).
    """
    nll_N = torch.nn.functional.cross_entropy(logits_NV.float(), targets_N, reduction="none")
    return torch.where(continues_N, rest_weight * nll_N, nll_N).sum() / num_rows


def summed_mask(mask_BM: Tensor, valid_BM: Tensor) -> Tensor:
    """Eq. 6: how many tokens of a rationale the drawn mask keeps; mean over the batch."""
    return (mask_BM * valid_BM).sum() / len(mask_BM)
