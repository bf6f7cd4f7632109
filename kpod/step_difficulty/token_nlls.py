"""The student's loss on every rationale token: one teacher-forced pass over the data."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from kpod.batching import sorted_batches
from kpod.checkpoints import load_newest, save_checkpoint
from kpod.errors import RunCancelled
from kpod.progress import Reporter
from kpod.prompts import EncodedExample
from kpod.students.text_batch import build_text_batch

MAX_TOKENS_A_BATCH = 4096
EXAMPLES_A_PART = 128  # of a resumable pass: little is lost at a stop, and lengths still bucket well


@torch.no_grad()
def token_nlls(
    model: Any,
    examples: Sequence[EncodedExample],
    *,
    pad_id: int,
    batch_size: int = 32,
    to_the_end: bool = False,
    reporter: Reporter | None = None,
) -> list[np.ndarray]:
    """-log p(r_j | x, r_<j) of every rationale token, in nats: one array of (num_rationale,) an example (Eq. 8).

    `to_the_end`: of the trigger, the answer and the end too. Raises RunCancelled where asked to stop.
    """
    reporter = reporter or Reporter()
    was_training = model.training
    model.eval()
    nlls: list[np.ndarray] = [np.empty(0)] * len(examples)
    longest = max(len(example) for example in examples)
    rows_a_batch = max(1, min(batch_size, MAX_TOKENS_A_BATCH // longest))
    for rows in sorted_batches([len(example) for example in examples], rows_a_batch):
        batch = [examples[row] for row in rows]
        for row, values in zip(rows, _batch_nlls(model, batch, pad_id, to_the_end), strict=True):
            nlls[row] = values
        reporter.advance(len(rows))
        if reporter.cancelled():
            raise RunCancelled("Stopped in the pass over the token losses.")
    model.train(was_training)
    return nlls


def resumable_token_nlls(
    model: Any,
    examples: Sequence[EncodedExample],
    *,
    pad_id: int,
    checkpoints: Path,
    reporter: Reporter | None = None,
    checkpoint_seconds: float = 30.0,
) -> list[np.ndarray]:
    """`token_nlls` of a whole data set in parts, going on after the last part that a checkpoint holds.

    Raises RunCancelled, with a checkpoint of the parts that are done, where asked to stop.
    """
    reporter = reporter or Reporter()
    found = load_newest(checkpoints, reporter.log)
    done = found.values["done"] if found else 0
    counts = [example.num_rationale for example in examples]
    nlls = np.split(found.tensors["nlls"].numpy(), np.cumsum(counts[:done])[:-1]) if found else []
    reporter.start("losses", len(examples), done, "questions")
    last_saved, saved = time.monotonic(), done
    while len(nlls) < len(examples):
        part = examples[len(nlls) : len(nlls) + EXAMPLES_A_PART]
        try:
            nlls += token_nlls(model, part, pad_id=pad_id, reporter=reporter)
        except RunCancelled:
            if len(nlls) > saved:
                _save(checkpoints, nlls)
            raise
        if time.monotonic() - last_saved >= checkpoint_seconds and len(nlls) < len(examples):
            _save(checkpoints, nlls)
            last_saved, saved = time.monotonic(), len(nlls)
    return nlls


def _save(checkpoints: Path, nlls: list[np.ndarray]) -> None:
    save_checkpoint(checkpoints, len(nlls), {"nlls": torch.from_numpy(np.concatenate(nlls))}, {"done": len(nlls)})


def _batch_nlls(model: Any, batch: Sequence[EncodedExample], pad_id: int, to_the_end: bool) -> list[np.ndarray]:
    ends = [len(each) if to_the_end and each.teaches_answer else each.rationale_end for each in batch]
    targets = [np.zeros(len(example), dtype=bool) for example in batch]
    for example, end, row in zip(batch, ends, targets, strict=True):
        row[example.num_question : end] = True
    texts = build_text_batch(batch, targets, pad_id)
    flat = texts.predicted(model).losses(texts.targets_N).cpu().numpy()
    counts = [end - example.num_question for end, example in zip(ends, batch, strict=True)]
    return np.split(flat, np.cumsum(counts)[:-1])
