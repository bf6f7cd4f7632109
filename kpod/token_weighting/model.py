"""The weight generator and the mask that it draws (Eq. 2 to 4)."""

# Shapes: B rationales, M tokens of the longest rationale, D width of the student's embeddings.

from __future__ import annotations

from math import log

import torch
from torch import Tensor, nn

NUM_WAVES, LONGEST_WAVE = 8, 200.0  # of the places in a rationale, in radians a token: 1 down to about 1/100


class WeightGenerator(nn.Module):
    """w_j = sigmoid(MLP(SelfAttention(Emb(r)))_j), a two-layer MLP behind one self-attention layer (Eq. 2).

    The student's input embeddings come in from outside and stay frozen. The logit is bounded smoothly, as
    bound * tanh(l / bound): beyond a hard clamp there is no gradient and a masked token could never come back.
    Attention over embeddings alone knows no order: equal tokens of a rationale get equal weights, a result as much as
    the same number copied. `context_bound` r > 0 adds r * tanh(c_j), c_j from the token's place and its neighbours; so
    bounded, it grades the tokens of a class and does not overrule the class (0: as the paper has it). It is added
    outside the first bound: inside, a class that has reached the bound, as digits soon do, would have no grades left.
    """

    def __init__(
        self,
        width: int,
        *,
        num_heads: int = 4,
        hidden: int | None = None,
        logit_bound: float = 4.0,
        initial_logit: float = 1.0,
        context_bound: float = 0.0,
    ):
        super().__init__()
        self.logit_bound, self.context_bound = logit_bound, context_bound
        # Embeddings of language models are small (a standard deviation of .02 to .1) and differ by model.
        self.norm = nn.LayerNorm(width)
        self.attention = nn.MultiheadAttention(width, _heads(width, num_heads), batch_first=True)
        self.mlp = _scorer(width, hidden or width)
        nn.init.constant_(self.mlp[2].bias, initial_logit)  # starts by keeping most of a rationale
        self.context = TokenContext(width) if context_bound else None

    def context_parameters(self) -> list[nn.Parameter]:
        """Those of the part that reads place and neighbours."""
        return [] if self.context is None else list(self.context.parameters())

    def class_parameters(self) -> list[nn.Parameter]:
        """All others: those of Eq. 2."""
        return [value for name, value in self.named_parameters() if not name.startswith("context.")]

    def forward(self, embeddings_BMD: Tensor, valid_BM: Tensor) -> Tensor:
        """Logits (B, M) of the weights, within +-(logit_bound + context_bound); `valid_BM` is False at padding."""
        hidden_BMD = self.norm(embeddings_BMD)
        attended_BMD, _ = self.attention(
            hidden_BMD, hidden_BMD, hidden_BMD, key_padding_mask=~valid_BM, need_weights=False
        )
        logits_BM = self.mlp(hidden_BMD + attended_BMD).squeeze(-1)
        logits_BM = self.logit_bound * torch.tanh(logits_BM / self.logit_bound)
        if self.context is None:
            return logits_BM
        return logits_BM + self.context_bound * torch.tanh(self.context(embeddings_BMD, valid_BM))


class TokenContext(nn.Module):
    """A score c_j of a token by where it stands and what stands around it (not in the paper).

    Embeddings are brought to `size` dimensions; sinusoids of the distances to the rationale's two ends are added, then
    a convolution over two tokens either side, and one self-attention layer reads what comes out.
    """

    def __init__(self, width: int, *, size: int = 128, num_heads: int = 4):
        super().__init__()
        self.norm, self.project = nn.LayerNorm(width), nn.Linear(width, size)
        self.place = nn.Linear(4 * NUM_WAVES, size, bias=False)
        self.neighbours = nn.Conv1d(size, size, kernel_size=5, padding=2)
        self.attention_norm = nn.LayerNorm(size)
        self.attention = nn.MultiheadAttention(size, num_heads, batch_first=True)
        self.mlp = _scorer(size, size)

    def forward(self, embeddings_BMD: Tensor, valid_BM: Tensor) -> Tensor:
        """Scores (B, M); those of padding mean nothing, and padding changes no other."""
        hidden_BMH = self.project(self.norm(embeddings_BMD)) + self.place(_places(valid_BM).to(embeddings_BMD.dtype))
        hidden_BMH = hidden_BMH * valid_BM.unsqueeze(-1)  # what stands beyond the end is nothing
        near_BMH = self.neighbours(hidden_BMH.transpose(1, 2)).transpose(1, 2)
        hidden_BMH = hidden_BMH + nn.functional.gelu(near_BMH)
        read_BMH = self.attention_norm(hidden_BMH)
        attended_BMH, _ = self.attention(read_BMH, read_BMH, read_BMH, key_padding_mask=~valid_BM, need_weights=False)
        return self.mlp(hidden_BMH + attended_BMH).squeeze(-1)


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


def _scorer(width: int, hidden: int) -> nn.Sequential:
    """A two-layer MLP whose output starts near 0."""
    scorer = nn.Sequential(nn.Linear(width, hidden), nn.GELU(), nn.Linear(hidden, 1))
    nn.init.normal_(scorer[2].weight, std=0.01)
    nn.init.zeros_(scorer[2].bias)
    return scorer


def _places(valid_BM: Tensor) -> Tensor:
    """Sines and cosines of a token's distances to the first and to the last token, (B, M, 4 * NUM_WAVES)."""
    from_start_M = torch.arange(valid_BM.shape[1], device=valid_BM.device)
    to_end_BM = valid_BM.sum(1, keepdim=True) - 1 - from_start_M
    rates = torch.exp(-log(LONGEST_WAVE) * torch.arange(NUM_WAVES, device=valid_BM.device) / NUM_WAVES)
    angles = torch.stack([from_start_M.expand_as(to_end_BM), to_end_BM.clamp(min=0)], dim=-1).unsqueeze(-1) * rates
    return torch.cat([angles.sin(), angles.cos()], dim=-1).flatten(2)


def _heads(width: int, wanted: int) -> int:
    return next(heads for heads in range(min(wanted, width), 0, -1) if width % heads == 0)
