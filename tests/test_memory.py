"""Peak memory: what was used since the last reset, in bytes."""

from __future__ import annotations

import sys

import pytest

from kpod.memory import peak_memory_bytes, reset_peak_memory

MIB = 1 << 20


def test_the_peak_is_the_most_since_the_reset():
    if sys.platform != "linux":
        pytest.skip("only Linux forgets a peak")
    reset_peak_memory()
    before = peak_memory_bytes()
    block = bytearray(200 * MIB)
    block[::4096] = b"x" * len(block[::4096])
    with_block = peak_memory_bytes()
    assert before + 190 * MIB < with_block < before + 300 * MIB
    del block
    # The kernel counts resident pages in batches, so not to the byte.
    assert peak_memory_bytes() > with_block - 5 * MIB
    reset_peak_memory()
    assert peak_memory_bytes() < with_block - 150 * MIB


def test_the_peak_is_in_bytes():
    assert 10 * MIB < peak_memory_bytes() < 100_000 * MIB
