"""The weight generator and the mask that it draws (Eq. 2 to 4)."""

# Shapes: B rationales, M tokens of the longest rationale, D width of the student's embeddings.

from __future__ import annotations

import torch
from torch import Tensor, nn


class WeightGenerator(nn.Module):
    """w_j = sigmoid(MLP(SelfAttention(Emb(r)))_j), a two-layer MLP behind one self-attention layer (Eq. 2).

    The student's input embeddings come in from outside and stay frozen. Logits are bounded smoothly, as
    bound * tanh(l / bound): beyond a hard clamp there is no gradient and a masked token could never come back.
    """

    def __init__(
        self,
        width: int,
        *,
        num_heads: int = 4,
        hidden: int | None = None,
        logit_bound: float = 4.0,
        initial_logit: float = 2.0,
    ):
        super().__init__()
        self.logit_bound = logit_bound
        # Embeddings of language models are small (a standard deviation of .02 to .1) and differ by model.
        self.norm = nn.LayerNorm(width)
        self.attention = nn.MultiheadAttention(width, _heads(width, num_heads), batch_first=True)
        self.mlp = nn.Sequential(nn.Linear(width, hidden or width), nn.GELU(), nn.Linear(hidden or width, 1))
        nn.init.normal_(self.mlp[2].weight, std=0.01)
        nn.init.constant_(self.mlp[2].bias, initial_logit)  # starts by keeping nearly everything

    def forward(self, embeddings_BMD: Tensor, valid_BM: Tensor) -> Tensor:
        """Bounded logits (B, M) of the weights; `valid_BM` is False at padding."""
        hidden_BMD = self.norm(embeddings_BMD)
        attended_BMD, _ = self.attention(
            hidden_BMD, hidden_BMD, hidden_BMD, key_padding_mask=~valid_BM, need_weights=False
        )
        logits_BM = self.mlp(hidden_BMD + attended_BMD).squeeze(-1)
        return self.logit_bound * torch.tanh(logits_BM / self.logit_bound)


def gumbel_sigmoid(
    logits: Tensor, temperature: float, *, hard: bool = False, generator: torch.Generator | None = None
) -> Tensor:
    """A relaxed Bernoulli sample of the probability sigmoid(logits), of the same shape (Eq. 3).

    The two-class Gumbel-Softmax in closed form: the difference of two Gumbel variables is logistic. With `hard`
    the value is 0 or 1 and the gradient that of the soft sample (straight-through).
    """
    uniform = torch.rand(logits.shape, generator=generator, dtype=logits.dtype, device=logits.device)
    uniform = uniform.clamp(1e-6, 1 - 1e-6)
    soft = torch.sigmoid((logits + torch.log(uniform) - torch.log1p(-uniform)) / temperature)
    if not hard:
        return soft
    return (soft > 0.5).to(soft.dtype) + (soft - soft.detach())  # in this order exactly 0 or 1


def masked_embeddings(embeddings_BMD: Tensor, mask_BM: Tensor, mask_embedding_D: Tensor | None) -> Tensor:
    """m * e + (1 - m) * e_MASK (Eq. 4), or m * e where there is no learned e_MASK.

    Zeroing (m * e, as the paper writes it) hardly masks behind an RMSNorm, which scales what is left up again.
    """
    mask_BM1 = mask_BM.unsqueeze(-1)
    kept_BMD = mask_BM1 * embeddings_BMD
    return kept_BMD if mask_embedding_D is None else kept_BMD + (1 - mask_BM1) * mask_embedding_D


def _heads(width: int, wanted: int) -> int:
    return next(heads for heads in range(min(wanted, width), 0, -1) if width % heads == 0)
