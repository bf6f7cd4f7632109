"""Two sets of weights of one rationale, put side by side by character spans, whatever the tokenisers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kpod.curriculum.ranks import spearman


@dataclass(frozen=True)
class Pieces:
    """The stretches of text that one token of A and one of B cover: spans and the index of either token, (pieces,)."""

    starts: np.ndarray
    ends: np.ndarray
    first: np.ndarray
    second: np.ndarray


def aligned_pieces(starts_a: np.ndarray, ends_a: np.ndarray, starts_b: np.ndarray, ends_b: np.ndarray) -> Pieces:
    """Cut a text at every boundary of either tokenisation; keep the stretches that both cover.

    Spans (tokens,) are in reading order. Where tokens share characters the first of them has each character. With one
    tokeniser on both sides the pieces are its tokens.
    """
    length = int(max(ends_a.max(initial=0), ends_b.max(initial=0)))
    a, b = _owners(starts_a, ends_a, length), _owners(starts_b, ends_b, length)
    changes = (np.diff(a) != 0) | (np.diff(b) != 0)
    starts = np.flatnonzero(np.concatenate([[length > 0], changes]))
    ends = np.append(starts[1:], length)[: len(starts)]
    kept = (a[starts] >= 0) & (b[starts] >= 0)
    return Pieces(starts[kept], ends[kept], a[starts][kept], b[starts][kept])


def visible_spans(text: str, starts: np.ndarray, ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The spans (tokens,) without the white space at their edges, so that tokenisers that put a space before or behind
    a word agree; a token of nothing else stays as it is."""
    starts, ends = starts.astype(np.int64), ends.astype(np.int64)
    for index, (start, end) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True)):
        piece = text[start:end]
        body = piece.strip()
        if body and body != piece:
            starts[index] = start + len(piece) - len(piece.lstrip())
            ends[index] = starts[index] + len(body)
    return starts, ends


def _owners(starts: np.ndarray, ends: np.ndarray, length: int) -> np.ndarray:
    """The token of each character, (characters,); -1 where there is none."""
    owners = np.full(length, -1, dtype=np.int64)
    for index in range(len(starts) - 1, -1, -1):
        owners[starts[index] : ends[index]] = index
    return owners


@dataclass(frozen=True)
class Agreement:
    """How far two sets of weights say the same.

    `correlation` is Spearman's, NaN where one side is constant; `mean_gap` the mean of |A - B|; `mean_shift` of A - B;
    `same_side` the share on the same side of the threshold; `overlap` those above it in both over those in either, NaN
    where there is none.
    """

    count: int
    correlation: float
    mean_gap: float
    mean_shift: float
    same_side: float
    overlap: float


def agreement(first: np.ndarray, second: np.ndarray, threshold: float = 0.5) -> Agreement:
    """Compare weights of the same pieces, (pieces,) each; at least one."""
    assert len(first) == len(second) > 0
    gap = first - second
    above_a, above_b = first >= threshold, second >= threshold
    either = int((above_a | above_b).sum())
    return Agreement(
        len(first),
        spearman(first, second),
        float(np.abs(gap).mean()),
        float(gap.mean()),
        float((above_a == above_b).mean()),
        float((above_a & above_b).sum() / either) if either else float("nan"),
    )


def same_tokens(
    question_a: np.ndarray, starts_a: np.ndarray, ends_a: np.ndarray,
    question_b: np.ndarray, starts_b: np.ndarray, ends_b: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Rows of A and of B that are the same span of the same question, for whole corpora.

    Questions are numbers that mean the same on both sides; negative ones are left out. Two tokens of one span (bytes of
    one character) count once.
    """
    keys_a, rows_a = _once(_keys(question_a, starts_a, ends_a))
    keys_b, rows_b = _once(_keys(question_b, starts_b, ends_b))
    if not len(keys_b):
        return rows_a[:0], rows_b
    places = np.minimum(np.searchsorted(keys_b, keys_a), len(keys_b) - 1)
    kept = (keys_b[places] == keys_a) & (question_a[rows_a] >= 0)
    return rows_a[kept], rows_b[places[kept]]


def _once(keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The different keys in order, and the first row of each; tokens mostly come in order, and need no sorting then."""
    if (np.diff(keys) > 0).all():
        return keys, np.arange(len(keys))
    return np.unique(keys, return_index=True)


def _keys(question: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """One whole number a span; rationales shorter than 2^20 characters, tokens shorter than 2^16."""
    question, starts, ends = (np.asarray(part, dtype=np.int64) for part in (question, starts, ends))
    return (question << 36) | (starts << 16) | np.minimum(ends - starts, 2**16 - 1)
