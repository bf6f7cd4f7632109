"""All prefixes of a rationale in one forward pass of a causal model (Eq. 5).

A row is `question | rationale | copy_1 | ... | copy_K`; copy k is the trigger and the answer, sees the question, the
first k tokens of the rationale and itself, and its positions go on from there. So one pass gives the logits that K
separate passes over `question | first k tokens | trigger | answer` would give. One more copy may stand behind them:
what follows a prefix in the rationale, which then sees that prefix and itself in the same way.
"""

# Shapes: B rows, L tokens of the longest row, N predicted answer tokens of the whole batch.

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from kpod.prompts import EncodedExample


@dataclass(frozen=True)
class PrefixBatch:
    """One-pass rows and where their answer tokens are predicted.

    input_ids_BL, position_ids_BL; attention_mask_B1LL: float, 0 or the dtype's lowest (a boolean 4-D mask is silently
    wrong under eager attention). rationale_BL: True at rationale tokens, row-major in the order of the examples.
    predicts_BL: True where a token of an answer or of a continuation is predicted. targets_N, row_N, prefix_N,
    continues_N: the token, its row, the number of rationale tokens that its copy sees, and whether it is of a
    continuation, in the row-major order of predicts_BL. num_tokens: without padding.
    """

    input_ids_BL: Tensor
    position_ids_BL: Tensor
    attention_mask_B1LL: Tensor
    rationale_BL: Tensor
    predicts_BL: Tensor
    targets_N: Tensor
    row_N: Tensor
    prefix_N: Tensor
    continues_N: Tensor
    num_tokens: int


@dataclass(frozen=True)
class Continuation:
    """What follows the first `length` tokens of a rationale: `ids` in the predictor's vocabulary, at least two.

    The first is not predicted: a causal model would do so at the last token of the prefix, whose own embedding no mask
    of its key hides.
    """

    length: int
    ids: np.ndarray


def prefix_lengths(example: EncodedExample, mode: str) -> list[int]:
    """Numbers of rationale tokens whose prefix must predict the answer, the whole rationale last.

    `steps`: those at the ends of steps. `all`: every one from 1 up.
    """
    if mode == "all":
        return list(range(1, example.num_rationale + 1))
    assert mode == "steps", mode
    ends = np.flatnonzero(np.diff(example.token_steps)) + 1
    return [*(int(end) for end in ends), example.num_rationale]


def sampled_lengths(num_rationale: int, count: int, seed: tuple[int, ...]) -> list[int]:
    """`count` different prefixes of a rationale, drawn by `seed`, the whole rationale always last among them."""
    drawn = np.random.default_rng(seed).choice(num_rationale - 1, min(count, num_rationale) - 1, replace=False) + 1
    return [*sorted(int(length) for length in drawn), num_rationale]


def drawn_continuation(
    example: EncodedExample, seed: tuple[int, ...], tokens: EncodedExample | None = None
) -> Continuation | None:
    """All steps from one on, drawn by `seed` from the second to the last; None for a rationale of one step.

    tokens: the same rationale in the predictor's tokens, where those are not the student's.
    """
    first = np.flatnonzero(np.diff(example.token_steps)) + 1  # of every step but step 0
    if not len(first):
        return None
    length = int(np.random.default_rng(seed).choice(first))
    tokens = tokens or example
    rationale = tokens.input_ids[tokens.num_question : tokens.rationale_end]
    ids = rationale[tokens.token_steps >= example.token_steps[length]]
    return Continuation(length, ids) if len(ids) > 1 else None


def build_prefix_batch(
    examples: Sequence[EncodedExample],
    prefixes: Sequence[Sequence[int]],
    pad_id: int,
    dtype: torch.dtype = torch.float32,
    continuations: Sequence[Continuation | None] | None = None,
) -> PrefixBatch:
    """One-pass rows of examples, right-padded, with the given prefixes of each, and one continuation at most."""
    continuations = continuations or [None] * len(examples)
    rows = [_one_row(*each) for each in zip(examples, prefixes, continuations, strict=True)]
    size = max(len(row.input_ids) for row in rows)
    stack = {
        name: np.stack([_pad(getattr(row, name), size, fill) for row in rows])
        for name, fill in (
            ("input_ids", pad_id),
            ("position_ids", 0),
            ("visible", 0),
            ("copy", -1),
            ("predicts", False),
        )
    }
    column = np.arange(size)
    base_B = np.array([example.rationale_end for example in examples])
    visible_BLL = column[None, None, :] < np.minimum(stack["visible"], base_B[:, None])[:, :, None]
    same_copy_BLL = (stack["copy"][:, :, None] == stack["copy"][:, None, :]) & (stack["copy"][:, :, None] > 0)
    allowed_BLL = visible_BLL | (same_copy_BLL & (column[None, None, :] <= column[None, :, None]))
    allowed_BLL |= np.eye(size, dtype=bool)[None]  # padding sees itself: a row that sees nothing would be NaN
    rationale_BL = np.zeros((len(rows), size), dtype=bool)
    for index, example in enumerate(examples):
        rationale_BL[index, example.num_question : example.rationale_end] = True
    mask = torch.zeros((len(rows), 1, size, size), dtype=dtype)
    mask.masked_fill_(~torch.from_numpy(allowed_BLL)[:, None], torch.finfo(dtype).min)
    return PrefixBatch(
        input_ids_BL=torch.from_numpy(stack["input_ids"]),
        position_ids_BL=torch.from_numpy(stack["position_ids"]),
        attention_mask_B1LL=mask,
        rationale_BL=torch.from_numpy(rationale_BL),
        predicts_BL=torch.from_numpy(stack["predicts"]),
        targets_N=torch.from_numpy(np.concatenate([row.targets for row in rows])),
        row_N=torch.from_numpy(np.repeat(np.arange(len(rows)), [len(row.targets) for row in rows])),
        prefix_N=torch.from_numpy(np.concatenate([row.target_prefix for row in rows])),
        continues_N=torch.from_numpy(np.concatenate([row.continues for row in rows])),
        num_tokens=sum(len(row.input_ids) for row in rows),
    )


@dataclass(frozen=True)
class _Row:
    input_ids: np.ndarray
    position_ids: np.ndarray
    visible: np.ndarray  # how many tokens of `question | rationale` a token sees
    copy: np.ndarray  # 0 in question and rationale, k in copy k
    predicts: np.ndarray
    targets: np.ndarray
    target_prefix: np.ndarray
    continues: np.ndarray


def _one_row(example: EncodedExample, lengths: Sequence[int], continuation: Continuation | None) -> _Row:
    answers = _answer_copies(example, lengths)
    return answers if continuation is None else _continued(answers, example, continuation)


def _continued(row: _Row, example: EncodedExample, continuation: Continuation) -> _Row:
    """The row with the continuation as its last copy; as of an answer, its last token is predicted and never read."""
    start, read = example.num_question + continuation.length, len(continuation.ids) - 1
    more = _Row(
        input_ids=continuation.ids[:-1],
        position_ids=start + np.arange(read),
        visible=np.full(read, start),
        copy=np.full(read, row.copy.max() + 1),
        predicts=np.ones(read, dtype=bool),
        targets=continuation.ids[1:],
        target_prefix=np.full(read, continuation.length),
        continues=np.ones(read, dtype=bool),
    )
    return _Row(*(np.concatenate(pair) for pair in zip(vars(row).values(), vars(more).values(), strict=True)))


def _answer_copies(example: EncodedExample, lengths: Sequence[int]) -> _Row:
    base = example.rationale_end
    answer_start, answer_end = example.answer_positions
    # The last answer token is only predicted, never read.
    copied = example.input_ids[base : answer_end - 1]
    predicts_copy = np.arange(base, answer_end - 1) >= answer_start - 1
    starts = example.num_question + np.asarray(lengths)
    copies = len(starts)
    return _Row(
        input_ids=np.concatenate([example.input_ids[:base], np.tile(copied, copies)]),
        position_ids=np.concatenate([np.arange(base), (starts[:, None] + np.arange(len(copied))).ravel()]),
        visible=np.concatenate([np.arange(base) + 1, np.repeat(starts, len(copied))]),
        copy=np.concatenate([np.zeros(base, dtype=np.int64), np.repeat(np.arange(1, copies + 1), len(copied))]),
        predicts=np.concatenate([np.zeros(base, dtype=bool), np.tile(predicts_copy, copies)]),
        targets=np.tile(example.input_ids[answer_start:answer_end], copies),
        target_prefix=np.repeat(np.asarray(lengths), answer_end - answer_start),
        continues=np.zeros(copies * (answer_end - answer_start), dtype=bool),
    )


def _pad(values: np.ndarray, size: int, fill: int) -> np.ndarray:
    return np.concatenate([values, np.full(size - len(values), fill, dtype=values.dtype)])
