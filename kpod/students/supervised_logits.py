"""Logits at the supervised positions only.

With a vocabulary of tens of thousands the output matrix is a large share of a small model's work and, by its
(B, L, V) result, most of a training step's memory; most positions (question, given steps, padding) are not
supervised at all.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn


def logits_at(model: nn.Module, positions_mask: torch.Tensor, **inputs: Any) -> torch.Tensor:
    """The logits of a causal model at the positions where `positions_mask` (B, L) is true: (selected, V).

    Equal to `model(**inputs).logits[positions_mask]`, in the same order, without computing the others: a hook
    thins out what goes into the output matrix, and all that the model does before it (adapters) and after it
    (soft caps, scalings) stays its own. A model that calls its output matrix on anything but (B, L, hidden)
    states yields the same logits without the saving.
    """
    assert positions_mask.dtype == torch.bool and positions_mask.ndim == 2, positions_mask
    thinned = False

    def keep_selected(_head: nn.Module, arguments: tuple[Any, ...]) -> tuple[Any, ...] | None:
        nonlocal thinned
        hidden_BLH = arguments[0]
        if hidden_BLH.shape[:-1] != positions_mask.shape:
            return None
        thinned = True
        return (hidden_BLH[positions_mask].unsqueeze(0), *arguments[1:])

    # A cache makes transformers misread packed rows, and no training step uses it.
    hook = model.get_output_embeddings().register_forward_pre_hook(keep_selected)
    try:
        logits = model(**inputs, use_cache=False).logits
    finally:
        hook.remove()
    return logits[0] if thinned else logits[positions_mask]
