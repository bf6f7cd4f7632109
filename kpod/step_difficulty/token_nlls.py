"""The student's loss on every rationale token: one teacher-forced pass over the data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from kpod.batching import sorted_batches
from kpod.errors import RunCancelled
from kpod.progress import Reporter
from kpod.prompts import EncodedExample
from kpod.students.supervised_logits import logits_at

MAX_TOKENS_A_BATCH = 4096
LOGITS_A_CHUNK = 512  # rows of the vocabulary at once: bounds memory at 512 x V


@torch.no_grad()
def token_nlls(
    model: Any,
    examples: Sequence[EncodedExample],
    *,
    pad_id: int,
    batch_size: int = 32,
    reporter: Reporter | None = None,
) -> list[np.ndarray]:
    """-log p(r_j | x, r_<j) of every rationale token, in nats: one array of (num_rationale,) an example (Eq. 8).

    Raises RunCancelled where asked to stop; the pass is short and starts anew.
    """
    reporter = reporter or Reporter()
    was_training = model.training
    model.eval()
    nlls: list[np.ndarray] = [np.empty(0)] * len(examples)
    longest = max(len(example) for example in examples)
    rows_a_batch = max(1, min(batch_size, MAX_TOKENS_A_BATCH // longest))
    for rows in sorted_batches([len(example) for example in examples], rows_a_batch):
        batch = [examples[row] for row in rows]
        for row, values in zip(rows, _batch_nlls(model, batch, pad_id), strict=True):
            nlls[row] = values
        reporter.advance(len(rows))
        if reporter.cancelled():
            raise RunCancelled("Stopped in the pass over the token losses.")
    model.train(was_training)
    return nlls


def _batch_nlls(model: Any, batch: Sequence[EncodedExample], pad_id: int) -> list[np.ndarray]:
    size = max(len(example) for example in batch)
    ids_BL = torch.full((len(batch), size), pad_id)
    attended_BL = torch.zeros((len(batch), size), dtype=torch.long)
    predicts_BL = torch.zeros((len(batch), size), dtype=torch.bool)
    for index, example in enumerate(batch):
        ids_BL[index, : len(example)] = torch.from_numpy(example.input_ids)
        attended_BL[index, : len(example)] = 1
        predicts_BL[index, example.num_question - 1 : example.rationale_end - 1] = True
    device = model.get_input_embeddings().weight.device
    targets_N = ids_BL[:, 1:][predicts_BL[:, :-1]].to(device)
    logits_NV = logits_at(
        model, predicts_BL.to(device), input_ids=ids_BL.to(device), attention_mask=attended_BL.to(device)
    )
    chunks = zip(logits_NV.split(LOGITS_A_CHUNK), targets_N.split(LOGITS_A_CHUNK), strict=True)
    losses = [
        torch.nn.functional.cross_entropy(logits.float(), targets, reduction="none") for logits, targets in chunks
    ]
    flat = torch.cat(losses).cpu().numpy()
    return np.split(flat, np.cumsum([example.num_rationale for example in batch])[:-1])
