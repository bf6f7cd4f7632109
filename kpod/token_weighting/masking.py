"""What a masked token becomes: nothing, a learned embedding, or a key that attention passes over (Eq. 4)."""

# Shapes: B rows, L tokens, D width of the embeddings.

from __future__ import annotations

import torch
from torch import Tensor

from kpod.token_weighting.model import gumbel_sigmoid, masked_embeddings

LEAST_KEPT = 1e-6  # its logarithm, -13.8, is what a wholly masked key's attention scores lose


def sample_mask(logits: Tensor, temperature: float, hardness: float, noise: torch.Generator) -> Tensor:
    """A mask of the probabilities sigmoid(logits) (Eq. 3): soft, straight-through, or `hardness` of the way between.

    In between, values move towards 0 and 1 while the gradient stays the soft sample's.
    """
    if hardness in (0.0, 1.0):
        return gumbel_sigmoid(logits, temperature, hard=hardness == 1.0, generator=noise)
    soft = gumbel_sigmoid(logits, temperature, generator=noise)
    return soft + hardness * ((soft > 0.5).to(soft.dtype) - soft).detach()


def apply_mask(
    kind: str, embeddings_BLD: Tensor, mask_BL: Tensor, mask_embedding_D: Tensor | None
) -> tuple[Tensor, Tensor | None]:
    """Embeddings under a mask, and what to add to every attention score of a key (B, L), or None.

    `zero`: m e, as Eq. 4 writes it; an RMSNorm scales it up again. `learned`: m e + (1 - m) e_MASK. `key_bias`: e as
    it is, and log(m + 1e-6) on the scores of its key, so that at m = 0 no other token reads it.
    """
    if kind == "key_bias":
        return embeddings_BLD, torch.log(mask_BL + LEAST_KEPT)
    assert (kind == "learned") == (mask_embedding_D is not None), kind
    return masked_embeddings(embeddings_BLD, mask_BL, mask_embedding_D), None
