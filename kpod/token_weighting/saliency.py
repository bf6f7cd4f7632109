"""What a student itself finds important for the answer, without any learning: attention received, gradient times input.

Baselines of learned weights, for causal students; the student before distillation, the whole rationale given.
"""

# Shapes: B rows, L tokens of the longest, D width of the embeddings.

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor

from kpod.batching import sorted_batches
from kpod.errors import RunCancelled
from kpod.progress import Reporter
from kpod.prompts import EncodedExample
from kpod.students.supervised_logits import logits_at

ATTENTION_NUMBERS_A_BATCH = 1 << 26  # of all layers and heads, held at once: 256 MB in float32
TOKENS_A_BATCH = 1024  # where a graph is kept


@torch.no_grad()
def attention_received(
    model: Any, examples: Sequence[EncodedExample], *, pad_id: int, reporter: Reporter | None = None
) -> list[np.ndarray]:
    """Attention that each rationale token gets from the positions where the answer's tokens are predicted: the mean
    over those positions, all heads and all layers; one array of (num_rationale,) an example.

    Raises RunCancelled where asked to stop.
    """
    found: list[np.ndarray] = [np.empty(0)] * len(examples)
    config = model.config
    longest = max(len(example) for example in examples)
    a_row = config.num_hidden_layers * config.num_attention_heads * longest * longest
    with _eager_attention(model):
        for rows, batch in _batches(examples, max(1, ATTENTION_NUMBERS_A_BATCH // a_row), reporter):
            ids_BL, attended_BL = _padded(batch, pad_id, model.device)
            out = model.base_model(ids_BL, attention_mask=attended_BL, output_attentions=True, use_cache=False)
            for index, (row, example) in enumerate(zip(rows, batch, strict=True)):
                asking, keys = _answer_positions(example), slice(example.num_question, example.rationale_end)
                layers = [layer[index, :, asking, keys].float().mean((0, 1)) for layer in out.attentions]
                found[row] = torch.stack(layers).mean(0).cpu().numpy()
    return found


def gradient_times_input(
    model: Any, examples: Sequence[EncodedExample], *, pad_id: int, reporter: Reporter | None = None
) -> list[np.ndarray]:
    """|e . dlog p(answer) / de| of each rationale token's input embedding e, log p summed over the answer's tokens;
    one array of (num_rationale,) an example.

    To first order, how much the answer's log likelihood changes where the token's embedding goes to zero. Leaves the
    model's parameters frozen. Raises RunCancelled where asked to stop.
    """
    found: list[np.ndarray] = [np.empty(0)] * len(examples)
    model.requires_grad_(False)
    longest = max(len(example) for example in examples)
    for rows, batch in _batches(examples, max(1, TOKENS_A_BATCH // longest), reporter):
        ids_BL, attended_BL = _padded(batch, pad_id, model.device)
        predicts_BL = torch.zeros_like(ids_BL, dtype=torch.bool)
        for index, example in enumerate(batch):
            predicts_BL[index, _answer_positions(example)] = True
        targets_N = ids_BL[:, 1:][predicts_BL[:, :-1]]
        embeddings_BLD = model.get_input_embeddings()(ids_BL).detach().requires_grad_(True)
        logits_NV = logits_at(model, predicts_BL, inputs_embeds=embeddings_BLD, attention_mask=attended_BL)
        nll = torch.nn.functional.cross_entropy(logits_NV.float(), targets_N, reduction="sum")
        (gradient_BLD,) = torch.autograd.grad(nll, embeddings_BLD)
        saliency_BL = (gradient_BLD.float() * embeddings_BLD.detach().float()).sum(-1).abs()
        for index, (row, example) in enumerate(zip(rows, batch, strict=True)):
            found[row] = saliency_BL[index, example.num_question : example.rationale_end].cpu().numpy()
    return found


def _batches(
    examples: Sequence[EncodedExample], size: int, reporter: Reporter | None
) -> Iterator[tuple[np.ndarray, list[EncodedExample]]]:
    reporter = reporter or Reporter()
    for rows in sorted_batches([len(example) for example in examples], size):
        yield rows, [examples[row] for row in rows]
        reporter.advance(len(rows))
        if reporter.cancelled():
            raise RunCancelled("Stopped in the pass over the student's own scores.")


def _padded(batch: Sequence[EncodedExample], pad_id: int, device: torch.device) -> tuple[Tensor, Tensor]:
    ids_BL = torch.full((len(batch), max(len(example) for example in batch)), pad_id)
    attended_BL = torch.zeros_like(ids_BL)
    for index, example in enumerate(batch):
        ids_BL[index, : len(example)] = torch.from_numpy(example.input_ids)
        attended_BL[index, : len(example)] = 1
    return ids_BL.to(device), attended_BL.to(device)


def _answer_positions(example: EncodedExample) -> slice:
    """Where the answer's tokens are predicted: one before each."""
    start, end = example.answer_positions
    return slice(start - 1, end - 1)


@contextmanager
def _eager_attention(model: Any) -> Iterator[None]:
    """Attention that is computed in the open, so that it can be read."""
    before = model.config._attn_implementation
    model.set_attn_implementation("eager")
    try:
        yield
    finally:
        model.set_attn_implementation(before)
