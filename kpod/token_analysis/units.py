"""Tokens put together to words or steps, and their values with them."""

from __future__ import annotations

import re

import numpy as np

GRANULARITIES = ("token", "word", "step")
AGGREGATES = ("mean", "max", "sum")

# A number with its decimals and thousands, a word with its apostrophes and hyphens, else every visible character.
_WORD = re.compile(r"\d+(?:[.,]\d+)*|\w+(?:['’-]\w+)*|\S")


def units_of(rationale: str, starts: np.ndarray, ends: np.ndarray, steps: np.ndarray, granularity: str) -> np.ndarray:
    """The unit that each token belongs to, (tokens,), rising from 0 without a gap.

    `starts` and `ends` (tokens,) are character spans in reading order, `steps` (tokens,) the step of each. A unit is a
    run of whole tokens, so no weight counts twice: a token that begins inside a word joins that word's unit, even where
    it reaches into the next. Tokens of spaces belong to the word after them, line ends are units of their own, and no
    word crosses a step.
    """
    assert granularity in GRANULARITIES, granularity
    count = len(starts)
    if granularity == "token" or count == 0:
        return np.arange(count)
    new = np.concatenate([[True], np.diff(steps) != 0])
    if granularity == "word":
        new |= _begin_words(rationale, starts, ends)
    return np.cumsum(new) - 1


def aggregate(values: np.ndarray, units: np.ndarray, how: str) -> np.ndarray:
    """Mean, max or sum over the tokens of each unit along the last axis: (..., tokens) to (..., units)."""
    assert how in AGGREGATES, how
    values = np.asarray(values, dtype=float)
    if values.shape[-1] == 0:
        return values
    first = np.flatnonzero(np.concatenate([[True], np.diff(units) != 0]))
    if how == "max":
        return np.maximum.reduceat(values, first, axis=-1)
    sums = np.add.reduceat(values, first, axis=-1)
    return sums if how == "sum" else sums / np.bincount(units)


def _begin_words(rationale: str, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Whether each token begins a unit: its first visible character begins a word that no token before it has touched,
    or it is white space, or a word comes after a line end."""
    begins = {match.start() for match in _WORD.finditer(rationale)}
    result, position, after_spaces = np.zeros(len(starts), dtype=bool), 0, False
    for j, (start, end) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True)):
        piece = rationale[start:end]
        visible = start + len(piece) - len(piece.lstrip())
        is_space = visible == end > start
        # Tokens of byte-level tokenisers can share a character: the first of them begins its word.
        result[j] = start >= position and (visible in begins or is_space) and not after_spaces
        after_spaces = is_space and "\n" not in piece
        position = max(position, end)
    return result
