"""Padded training batches of lessons, and the counts by which the losses of a step are means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from kpod.distillation.objective import Lesson, lesson_targets


@dataclass(frozen=True)
class TrainingBatch:
    """input_ids_BL, attention_mask_BL right-padded; predicts_BL: True where the next token is supervised.

    For the supervised tokens in the row-major order of predicts_BL: targets_N their ids, weights_N their weights,
    rows_N their rows, answers_N whether they belong to the answer itself. groups_B: the group of every row.
    pairs: rows of two texts of one question.
    """

    input_ids_BL: Tensor
    attention_mask_BL: Tensor
    predicts_BL: Tensor
    targets_N: Tensor
    weights_N: Tensor
    rows_N: Tensor
    answers_N: Tensor
    groups_B: Tensor
    pairs: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Totals:
    """Over all batches of one step: supervised tokens, those of each group, and pairs of texts."""

    supervised: int
    by_group: tuple[int, ...]
    pairs: int

    @classmethod
    def of(cls, batches: Sequence[TrainingBatch]) -> Totals:
        counts = np.zeros(2, dtype=np.int64)
        for batch in batches:
            counts += np.bincount(batch.groups_B[batch.rows_N].numpy(), minlength=2)
        return cls(int(counts.sum()), tuple(int(count) for count in counts), sum(len(batch.pairs) for batch in batches))


def build_batch(lessons: Sequence[Sequence[Lesson]], pad_id: int) -> TrainingBatch:
    """A batch of the lessons of several questions: one row a text, the texts of a question one after the other."""
    texts = [lesson for question in lessons for lesson in question]
    size = max(len(lesson.example) for lesson in texts)
    shape = (len(texts), size)
    ids, attended = np.full(shape, pad_id, dtype=np.int64), np.zeros(shape, dtype=np.int64)
    targets, weights = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=np.float32)
    answers = np.zeros(shape, dtype=bool)
    for row, lesson in enumerate(texts):
        length = len(lesson.example)
        ids[row, :length] = lesson.example.input_ids
        attended[row, :length] = 1
        targets[row, :length], weights[row, :length] = lesson_targets(lesson)
        answers[row, slice(*lesson.example.answer_positions)] = True
    # The token at position j is predicted at position j - 1.
    predicts = np.zeros(shape, dtype=bool)
    predicts[:, :-1] = targets[:, 1:]
    return TrainingBatch(
        input_ids_BL=torch.from_numpy(ids),
        attention_mask_BL=torch.from_numpy(attended),
        predicts_BL=torch.from_numpy(predicts),
        targets_N=torch.from_numpy(ids[targets]),
        weights_N=torch.from_numpy(weights[targets]),
        rows_N=torch.from_numpy(np.nonzero(targets)[0]),
        answers_N=torch.from_numpy(answers[targets]),
        groups_B=torch.tensor([lesson.group for lesson in texts]),
        pairs=_pairs(lessons),
    )


def _pairs(lessons: Sequence[Sequence[Lesson]]) -> tuple[tuple[int, int], ...]:
    """Rows of the questions that have two texts of one group."""
    found, row = [], 0
    for question in lessons:
        if len(question) == 2 and question[0].group == question[1].group:
            found.append((row, row + 1))
        row += len(question)
    return tuple(found)
