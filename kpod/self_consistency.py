"""Self-consistency (Wang et al. 2023): several sampled outputs a question, whose most frequent answer counts."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from transformers import LogitsProcessor

from kpod.evaluation import Output, generate_outputs


class Vote(NamedTuple):
    """What a majority comes to: the answer (None where no output has one), its votes, and the first output with it."""

    answer: str | None
    votes: int
    first: int


def majority(answers: Sequence[str | None]) -> Vote:
    """The most frequent answer; of several, the one that had so many votes first. None does not vote."""
    votes: Counter[str] = Counter()
    best = Vote(None, 0, 0)
    for answer in answers:
        if answer is None:
            continue
        votes[answer] += 1
        if votes[answer] > best.votes:
            best = Vote(answer, votes[answer], answers.index(answer))
    return best


def sample_outputs(
    model: Any,
    tokenizer: Any,
    questions: Sequence[str],
    *,
    samples: int,
    temperature: float,
    seed: int,
    max_new_tokens: int,
    **options: Any,
) -> list[list[Output]]:
    """`samples` outputs for every question, drawn at a temperature; `options` are those of `generate_outputs`.

    Every draw is a number of the seed, the question's text and the sample alone, and the batch moves the student's
    probabilities by rounding errors only: its size changes an output where such an error decides between two tokens.
    """
    draws = [draws_of(seed, text, sample, max_new_tokens) for text in questions for sample in range(samples)]

    def draw(rows: np.ndarray) -> Drawing:
        return Drawing(np.stack([draws[row] for row in rows]), temperature)

    asked = [text for text in questions for _ in range(samples)]
    outputs = generate_outputs(model, tokenizer, asked, max_new_tokens=max_new_tokens, draw=draw, **options)
    return [outputs[start : start + samples] for start in range(0, len(outputs), samples)]


def draws_of(seed: int, text: str, sample: int, count: int) -> np.ndarray:
    """(count,) numbers in [0, 1), one a token, of one output."""
    digest = hashlib.sha256(text.encode()).digest()
    return np.random.default_rng([seed, sample, *digest]).random(count)


class Drawing(LogitsProcessor):
    """Leaves one token possible: at draw u, the first at which the cumulative probability exceeds u.

    draws: (B, most new tokens) in [0, 1). With u uniform that is a sample of softmax(scores / temperature).
    """

    def __init__(self, draws: np.ndarray, temperature: float):
        self.draws_BL, self.temperature, self.step = torch.from_numpy(draws), temperature, 0

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        # In double precision: over a vocabulary the sums of float32 are off by more than a rare token's probability.
        edges_BV = torch.softmax(scores.double() / self.temperature, dim=-1).cumsum(-1)
        drawn_B1 = self.draws_BL[:, self.step, None].to(edges_BV.device) * edges_BV[:, -1:]
        chosen_B1 = torch.searchsorted(edges_BV, drawn_B1, right=True).clamp(max=scores.shape[-1] - 1)
        self.step += 1
        return torch.full_like(scores, -torch.inf).scatter_(1, chosen_B1, 0.0)
