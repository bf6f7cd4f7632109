"""What a student predicts at supervised positions: losses without logits, where its output matrix is frozen.

N supervised tokens of a vocabulary V have N x V logits, and training keeps them twice: for a small model that is most
of a step's memory. Where nothing is learned in the output matrix, the gradient with respect to the states before it is
(softmax(h W') - onehot) W, so both are made a few rows at a time and no logits are kept.
"""

from __future__ import annotations

from typing import Any
from weakref import WeakSet

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, linear

from kpod.students.supervised_logits import logits_at

ROWS_A_CHUNK = 128
LARGE_LOGIT = 1e3  # shows a soft cap, which leaves small logits all but alone

_reworks_its_logits: WeakSet[nn.Module] = WeakSet()
"""Models that do more to their logits than multiply by the output matrix: caps, scalings."""


class Predicted:
    """Predictions at N positions, as logits or as the states before a frozen output matrix."""

    def __init__(self, states_NX: Tensor, head: nn.Linear | None = None):
        """`states_NX`: logits (N, V), or with `head` the states (N, H) that go into it."""
        self._states_NX, self._head = states_NX, head

    @property
    def device(self) -> torch.device:
        return self._states_NX.device

    def logits(self, chosen_N: Tensor | None = None) -> Tensor:
        """The logits at all positions, or at those chosen (bool): (chosen, V)."""
        states = self._states_NX if chosen_N is None else self._states_NX[chosen_N.to(self.device)]
        return states if self._head is None else self._head(states)

    def losses(self, targets_N: Tensor) -> Tensor:
        """-log p of the targets in nats: (N,), in float32."""
        targets_N = targets_N.to(self.device)
        if self._head is None:
            return cross_entropy(self._states_NX.float(), targets_N, reduction="none")
        return _FrozenHeadLosses.apply(self._states_NX, self._head.weight, self._head.bias, targets_N)


def predicted_at(model: nn.Module, positions_mask: Tensor, **inputs: Any) -> Predicted:
    """What a model predicts where `positions_mask` (B, L) is true: see `logits_at`, which computes it otherwise."""
    head = model.get_output_embeddings()
    if not _is_frozen(head) or model in _reworks_its_logits or not bool(positions_mask.any()):
        return Predicted(logits_at(model, positions_mask, **inputs))
    kept: list[Tensor] = []

    def keep_states(_head: nn.Module, arguments: tuple[Any, ...]) -> tuple[Any, ...] | None:
        hidden_BLH = arguments[0]
        if hidden_BLH.shape[:-1] != positions_mask.shape:
            return None
        kept.append(hidden_BLH[positions_mask])
        return (_probe(head, kept[0][:1]).unsqueeze(0), *arguments[1:])

    hook = head.register_forward_pre_hook(keep_states)
    try:
        logits = model(**inputs, use_cache=False).logits
    finally:
        hook.remove()
    if not kept:
        return Predicted(logits[positions_mask])
    with torch.no_grad():
        expected_PV = head(_probe(head, kept[0][:1]))
        # A soft cap shows in the large logits, what is added to all of them in those of the state itself.
        tolerance_P1 = max(1e-4, 2 * torch.finfo(expected_PV.dtype).eps) * expected_PV.abs().amax(1, keepdim=True)
        if ((logits[0].to(expected_PV.dtype) - expected_PV).abs() <= tolerance_P1).all():
            return Predicted(kept[0], head)
    _reworks_its_logits.add(model)
    return Predicted(logits_at(model, positions_mask, **inputs))


def _is_frozen(head: Any) -> bool:
    """Whether it is a matrix and nothing else, and not trained."""
    trained = torch.is_grad_enabled() and any(parameter.requires_grad for parameter in head.parameters())
    return type(head) is nn.Linear and not trained


@torch.no_grad()
def _probe(head: nn.Linear, state_1H: Tensor) -> Tensor:
    """A state that came, and one in its direction whose largest logit is large: (2, H)."""
    large_1H = state_1H * (LARGE_LOGIT / linear(state_1H, head.weight).abs().max().clamp_min(1e-6))
    return torch.cat([state_1H, large_1H])


class _FrozenHeadLosses(torch.autograd.Function):
    """Losses and, in the same pass, their gradients with respect to the states, a few rows of logits at a time."""

    @staticmethod
    def forward(ctx: Any, states_NH: Tensor, weight_VH: Tensor, bias_V: Tensor | None, targets_N: Tensor) -> Tensor:
        losses_N = torch.empty(len(states_NH), dtype=torch.float32, device=states_NH.device)
        slopes_NH = torch.empty_like(states_NH) if ctx.needs_input_grad[0] else None
        for start in range(0, len(states_NH), ROWS_A_CHUNK):
            rows = slice(start, start + ROWS_A_CHUNK)
            targets_R1 = targets_N[rows].unsqueeze(1)
            logits_RV = linear(states_NH[rows], weight_VH, bias_V).float()
            totals_R1 = logits_RV.logsumexp(-1, keepdim=True)
            losses_N[rows] = (totals_R1 - logits_RV.gather(1, targets_R1)).squeeze(1)
            if slopes_NH is not None:
                errors_RV = logits_RV.sub_(totals_R1).exp_()
                errors_RV.scatter_add_(1, targets_R1, torch.full_like(totals_R1, -1.0))
                slopes_NH[rows] = errors_RV.to(weight_VH.dtype) @ weight_VH
        if slopes_NH is not None:
            ctx.save_for_backward(slopes_NH)
        return losses_N

    @staticmethod
    def backward(ctx: Any, gradient_N: Tensor) -> tuple[Tensor | None, ...]:
        (slopes_NH,) = ctx.saved_tensors
        return slopes_NH * gradient_N.unsqueeze(1).to(slopes_NH.dtype), None, None, None
