"""What is supervised at a stage, with what weight, and the loss of it (Eq. 14, 15)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from kpod.prompts import EncodedExample


@dataclass(frozen=True)
class Lesson:
    """One text of a question, and which of its tokens are supervised.

    token_weights: of its rationale tokens, 1 where None. num_input_steps: the first so many steps are given.
    scale: of all weights (a question's participation, 1 in KPOD). group: the loss is a mean over the supervised tokens
    of each group. answer_only: only the answer and the end are supervised, whatever the steps.
    """

    example: EncodedExample
    token_weights: np.ndarray | None = None
    num_input_steps: int = 0
    scale: float = 1.0
    group: int = 0
    answer_only: bool = False


def supervision(example: EncodedExample, token_weights: np.ndarray | None, num_input_steps: int) -> np.ndarray:
    """Weight of every token of the row as a target, 0 where it is not supervised: (L,) float32.

    Rationale tokens of steps after the first `num_input_steps` weigh w_j (1 where `token_weights` is None); the suffix
    (trigger, answer, end) weighs 1, or 0 where other parts of the rationale follow; the question and the given steps
    are not supervised.
    """
    weights = np.zeros(len(example), dtype=np.float32)
    start, end = example.num_question, example.rationale_end
    supervised = example.token_steps >= num_input_steps
    weights[start:end] = supervised if token_weights is None else supervised * token_weights
    weights[end:] = float(example.teaches_answer)
    return weights


def loss_weights(token_weights: np.ndarray, floor: float) -> np.ndarray:
    """floor + (1 - floor) * w: what a rationale token weighs in the loss, of the same shape.

    With 0 it is Eq. 15 as written: tokens whose weight is near 0 are then not learned, and a student that cannot write
    the words between the keypoints does not get to them. With 1 the loss is the plain one.
    """
    return floor + (1.0 - floor) * token_weights


def supervised_targets(example: EncodedExample, num_input_steps: int) -> np.ndarray:
    """Which tokens of the row are supervised, whatever their weights: (L,) bool."""
    targets = np.zeros(len(example), dtype=bool)
    targets[example.num_question : example.rationale_end] = example.token_steps >= num_input_steps
    targets[example.rationale_end :] = example.teaches_answer
    return targets


def lesson_targets(lesson: Lesson) -> tuple[np.ndarray, np.ndarray]:
    """Which tokens of a lesson are supervised, and with what weights: (L,) bool and (L,) float32."""
    example = lesson.example
    targets = supervised_targets(example, lesson.num_input_steps)
    weights = supervision(example, lesson.token_weights, lesson.num_input_steps) * np.float32(lesson.scale)
    if lesson.answer_only:
        targets[: example.answer_positions[0]] = False
        weights[: example.answer_positions[0]] = 0.0
    return targets, weights


def weighted_loss(nll_N: Tensor, weights_N: Tensor, num_supervised: int | None = None) -> Tensor:
    """sum_j w_j * NLL_j / N over supervised tokens (Eq. 15), a scalar in nats.

    Divided by the number of supervised tokens, so that w = 1 is exactly the unweighted mean loss: those given, or
    `num_supervised` where they are a part of a step's batch, so that the parts sum to the loss of the whole.
    """
    return (weights_N.to(nll_N.device) * nll_N).sum() / (len(nll_N) if num_supervised is None else num_supervised)
