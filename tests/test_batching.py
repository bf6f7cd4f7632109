"""Every row once; the order is the seed's and the epoch's alone; similar lengths stand together."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpod.batching import POOL, bucketed_batches, drawn_rows, sorted_batches

LENGTHS = np.random.default_rng(0).integers(10, 200, size=500).tolist()


@given(st.lists(st.integers(1, 300), min_size=1, max_size=90), st.integers(1, 9), st.integers(0, 3), st.integers(0, 3))
def test_every_row_once(lengths, batch_size, seed, epoch):
    for batches in (bucketed_batches(lengths, batch_size, seed, epoch), sorted_batches(lengths, batch_size)):
        assert sorted(np.concatenate(batches)) == list(range(len(lengths)))
        assert all(1 <= len(batch) <= batch_size for batch in batches)
        assert len(batches) == -(-len(lengths) // batch_size)


def test_the_same_seed_and_epoch_give_the_same_batches():
    def order(seed, epoch):
        return np.concatenate(bucketed_batches(LENGTHS, 8, seed, epoch)).tolist()

    assert order(1, 2) == order(1, 2)
    assert len({tuple(order(seed, epoch)) for seed in range(3) for epoch in range(3)}) == 9


def test_batches_have_similar_lengths_in_a_random_order():
    def padding(batches):
        return sum(max(LENGTHS[row] for row in batch) - LENGTHS[other] for batch in batches for other in batch)

    batches = bucketed_batches(LENGTHS, 8, 0, 0)
    unsorted = np.array_split(np.random.default_rng(0).permutation(500), len(batches))
    assert padding(batches) < 0.2 * padding(unsorted)
    longest = [max(LENGTHS[row] for row in batch) for batch in batches[: POOL // 2]]
    assert longest != sorted(longest)


def test_sorted_batches_begin_with_the_longest():
    assert [batch.tolist() for batch in sorted_batches([3, 9, 5, 9, 1], 2)] == [[1, 3], [2, 0], [4]]


@pytest.mark.parametrize("count", [8, 9, 7])
def test_steps_an_epoch_do_not_depend_on_the_epoch(count):
    assert {len(bucketed_batches([5] * count, 4, 0, epoch)) for epoch in range(6)} == {-(-count // 4)}


def test_drawn_rows_are_different_ones_in_order_by_the_seed_alone():
    assert drawn_rows(4, None, 0) == drawn_rows(4, 4, 0) == drawn_rows(4, 9, 0) == [0, 1, 2, 3]
    drawn = drawn_rows(50, 10, (3, 1))
    assert len(set(drawn)) == 10 and drawn == sorted(drawn) and set(drawn) <= set(range(50))
    assert drawn == drawn_rows(50, 10, (3, 1)) != drawn_rows(50, 10, (4, 1))
