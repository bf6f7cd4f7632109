"""A weight generator applied: to the rationales that it learns from and, kept in a file, to any others (Eq. 2)."""

# Shapes: B rationales, M tokens of the longest, D width of the student's embeddings.

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from kpod.artefacts import write_whole
from kpod.batching import sorted_batches
from kpod.errors import InputError, RunCancelled
from kpod.progress import Reporter
from kpod.prompts import EncodedExample
from kpod.token_weighting.model import WeightGenerator

ROWS_A_BATCH = 64
PREFIX = "generator."  # of its tensors' names, among others that mask learning keeps
OPTIONS = "options"  # in the file's header: what the generator was built with


def rationale_logits(
    generator: WeightGenerator, embedding: nn.Module, ids: Sequence[Tensor], pad_id: int
) -> tuple[Tensor, Tensor]:
    """Logits of the weights (B, M), and which of them are tokens and not padding; `ids` are each rationale's tokens.

    The student's embeddings stay frozen; the generator gets its gradient.
    """
    device = embedding.weight.device
    padded_BM = pad_sequence(list(ids), batch_first=True, padding_value=pad_id).to(device)
    counts_B = torch.tensor([len(row) for row in ids], device=device)
    valid_BM = torch.arange(padded_BM.shape[1], device=device)[None] < counts_B[:, None]
    with torch.no_grad():
        embeddings_BMD = embedding(padded_BM).to(next(generator.parameters()).dtype)
    return generator(embeddings_BMD, valid_BM), valid_BM


@torch.no_grad()
def weights_of(
    generator: WeightGenerator,
    embedding: nn.Module,
    examples: Sequence[EncodedExample],
    pad_id: int,
    reporter: Reporter | None = None,
) -> list[np.ndarray]:
    """w without noise: one array of (num_rationale,) an example. Raises RunCancelled where asked to stop."""
    reporter = reporter or Reporter()
    was_training = generator.training
    generator.eval()
    weights: list[np.ndarray] = [np.empty(0)] * len(examples)
    for rows in sorted_batches([example.num_rationale for example in examples], ROWS_A_BATCH):
        ids = [torch.from_numpy(rationale_ids(examples[row])) for row in rows]
        logits_BM, _ = rationale_logits(generator, embedding, ids, pad_id)
        for row, logits_M in zip(rows, logits_BM, strict=True):
            weights[row] = torch.sigmoid(logits_M[: examples[row].num_rationale]).cpu().numpy()
        reporter.advance(len(rows))
        if reporter.cancelled():
            raise RunCancelled("Stopped while the weights were computed.")
    generator.train(was_training)
    return weights


def rationale_ids(example: EncodedExample) -> np.ndarray:
    """The tokens of an example's rationale, (num_rationale,)."""
    return example.input_ids[example.num_question : example.rationale_end]


def generator_options(**given: Any) -> dict[str, Any]:
    """Every argument that a generator built with these has, the defaults of now among them: what a file keeps."""
    bound = inspect.signature(WeightGenerator).bind(**given)
    bound.apply_defaults()
    return dict(bound.arguments)


def save_generator(path: Path, tensors: Mapping[str, Tensor], options: Mapping[str, Any]) -> None:
    """Write what mask learning keeps of a generator, whole: tensors by name, and its options as JSON in the header."""
    kept = {name: value.contiguous() for name, value in tensors.items()}
    write_whole(path, save(kept, metadata={OPTIONS: json.dumps(dict(options))}))


def load_generator(path: Path) -> WeightGenerator:
    """The generator of a file that `save_generator` wrote, in evaluation mode.

    Raises InputError where there is none, it is damaged, or it is of a version that this one cannot read.
    """
    if not path.is_file():
        raise InputError(
            f"There is no {path.name} in {path.parent}: the run has learned no weights, its method needs none, or it "
            "was packed without what was trained. Resume it, or take a run of method kpod."
        )
    try:
        with safe_open(path, framework="pt") as file:
            header = (file.metadata() or {}).get(OPTIONS)
            tensors = {name: file.get_tensor(name) for name in file.keys() if name.startswith(PREFIX)}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise InputError(f"{path} is damaged ({error}). Delete it and resume the run to learn it again.") from error
    if header is None:
        raise InputError(
            f"{path} does not say how its generator is built: an earlier version wrote it. Delete it and resume the "
            "run to learn the weights again."
        )
    try:
        generator = WeightGenerator(**json.loads(header))
        generator.load_state_dict({name.removeprefix(PREFIX): value for name, value in tensors.items()})
    except (ValueError, TypeError, RuntimeError) as error:
        raise InputError(
            f"{path} holds a generator that this version cannot build (options {header[:200]}): {str(error)[:200]}. "
            "Read it with the version that wrote it, or learn the weights again."
        ) from error
    return generator.eval()
