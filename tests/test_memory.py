"""Peak memory: what was used since the last reset, in bytes."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from kpod.memory import peak_memory_bytes
from tests.conftest import ROOT

MIB = 1 << 20
A_BLOCK_COMES_AND_GOES = """
import json
from kpod.memory import peak_memory_bytes, reset_peak_memory
reset_peak_memory()
peaks = [peak_memory_bytes()]
block = bytearray(200 << 20)
block[::4096] = b"x" * len(block[::4096])
peaks.append(peak_memory_bytes())
del block
peaks.append(peak_memory_bytes())
reset_peak_memory()
print(json.dumps([*peaks, peak_memory_bytes()]))
"""


def test_the_peak_is_the_most_since_the_reset():
    if sys.platform != "linux":
        pytest.skip("only Linux forgets a peak")
    # In a process of its own: in one that ran other tests, theirs is given back meanwhile.
    told = subprocess.run([sys.executable, "-c", A_BLOCK_COMES_AND_GOES], cwd=ROOT, capture_output=True, check=True)
    before, with_block, without, reset = json.loads(told.stdout)
    assert before + 190 * MIB < with_block < before + 300 * MIB
    assert without > with_block - 5 * MIB  # the kernel counts resident pages in batches, so not to the byte
    assert reset < with_block - 150 * MIB


def test_the_peak_is_in_bytes():
    assert 10 * MIB < peak_memory_bytes() < 100_000 * MIB
