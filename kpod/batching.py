"""Batches of rows of similar length, in an order that depends on the seed and the epoch alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

POOL = 16  # batches' worth of rows that are sorted together: little padding, and still a random order


def bucketed_batches(lengths: Sequence[int], batch_size: int, seed: int, epoch: int) -> list[np.ndarray]:
    """Every row once, in random batches of similar length.

    Rows are shuffled, sorted by length within pools of 16 batches, cut, and the batches shuffled. The same seed and
    epoch give the same batches: a resumed run goes on in the middle of an epoch without any saved state.
    """
    generator = np.random.default_rng([seed, epoch])
    order = generator.permutation(len(lengths))
    lengths_array = np.asarray(lengths)
    pool = batch_size * POOL
    batches = []
    for start in range(0, len(order), pool):
        rows = order[start : start + pool]
        rows = rows[np.argsort(lengths_array[rows], kind="stable")]
        batches.extend(rows[at : at + batch_size] for at in range(0, len(rows), batch_size))
    return [batches[index] for index in generator.permutation(len(batches))]


def drawn_rows(count: int, wanted: int | None, seed: int | Sequence[int]) -> list[int]:
    """At most `wanted` of `count` rows, in order, drawn by the seed alone; all where `wanted` is None."""
    if wanted is None or wanted >= count:
        return list(range(count))
    return sorted(int(row) for row in np.random.default_rng(seed).choice(count, size=wanted, replace=False))


def sorted_batches(lengths: Sequence[int], batch_size: int) -> list[np.ndarray]:
    """Every row once, longest first (the first batch needs most memory), for passes in which order does not matter."""
    order = np.argsort(-np.asarray(lengths), kind="stable")
    return [order[at : at + batch_size] for at in range(0, len(order), batch_size)]
