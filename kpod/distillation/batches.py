"""Padded training batches of lessons, and the counts by which the losses of a step are means."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from kpod.distillation.objective import Lesson, lesson_targets
from kpod.students.text_batch import TextBatch, build_text_batch


@dataclass(frozen=True, kw_only=True)
class TrainingBatch(TextBatch):
    """A batch of texts with what the losses need: for the supervised tokens, in the order of targets_N, weights_N their
    weights, rows_N their rows, answers_N whether they belong to the answer itself. groups_B: the group of every row.
    pairs: rows of two texts of one question.
    """

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


def build_batch(lessons: Sequence[Sequence[Lesson]], pad_id: int, *, given_in_encoder: bool = False) -> TrainingBatch:
    """A batch of the lessons of several questions: one row a text, the texts of a question one after the other.

    given_in_encoder: an encoder-decoder student reads the given steps, and does not find them at its decoder's start.
    """
    texts = [lesson for question in lessons for lesson in question]
    targets, weights = zip(*(lesson_targets(lesson) for lesson in texts), strict=True)
    answers = [np.zeros(len(lesson.example), dtype=bool) for lesson in texts]
    for lesson, row in zip(texts, answers, strict=True):
        row[slice(*lesson.example.answer_positions)] = True
    given = [lesson.num_input_steps for lesson in texts] if given_in_encoder else None
    read = build_text_batch([lesson.example for lesson in texts], targets, pad_id, given)
    counts = [int(row.sum()) for row in targets]

    def supervised(rows: Sequence[np.ndarray]) -> Tensor:
        return torch.from_numpy(np.concatenate([row[chosen] for row, chosen in zip(rows, targets, strict=True)]))

    return TrainingBatch(
        **vars(read),
        weights_N=supervised(weights),
        rows_N=torch.from_numpy(np.repeat(np.arange(len(texts)), counts)),
        answers_N=supervised(answers),
        groups_B=torch.tensor([lesson.group for lesson in texts]),
        pairs=_pairs(lessons),
    )


def passes(
    lessons: Sequence[Sequence[Lesson]], most_questions: int, most_tokens: int | None
) -> Iterator[Sequence[Sequence[Lesson]]]:
    """The lessons of a step in parts that go through the student one by one, each of at most so many questions and
    tokens with padding (but of one question at least). The loss and its gradient are the same however they are cut.
    """
    start, rows, longest = 0, 0, 0
    for end, question in enumerate(lessons):
        rows += len(question)
        longest = max(longest, *(len(lesson.example) for lesson in question))
        too_large = most_tokens is not None and rows * longest > most_tokens
        if end > start and (too_large or end - start == most_questions):
            yield lessons[start:end]
            start, rows, longest = end, len(question), max(len(lesson.example) for lesson in question)
    if lessons:
        yield lessons[start:]


def _pairs(lessons: Sequence[Sequence[Lesson]]) -> tuple[tuple[int, int], ...]:
    """Rows of the questions that have two texts of one group."""
    found, row = [], 0
    for question in lessons:
        if len(question) == 2 and question[0].group == question[1].group:
            found.append((row, row + 1))
        row += len(question)
    return tuple(found)
