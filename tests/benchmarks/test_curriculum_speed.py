"""How the curriculum grows with the questions, up to 10^5 or as many as KPOD_BENCHMARK_LARGEST says: time and memory.

Prints tables; asserts no wall time. Run on one core, up to 10^6:
OMP_NUM_THREADS=1 KPOD_BENCHMARK_LARGEST=1000000 python -m pytest -m benchmark -s \
    tests/benchmarks/test_curriculum_speed.py
"""

from __future__ import annotations

import os
import time
import tracemalloc

import numpy as np
import pytest

from kpod.curriculum import StepTable, build_schedule, select_questions
from kpod.step_difficulty import flat_step_difficulties

pytestmark = pytest.mark.benchmark

LARGEST = int(os.environ.get("KPOD_BENCHMARK_LARGEST", 100_000))
SIZES = tuple(size for size in (1_000, 10_000, 100_000, 1_000_000) if size <= LARGEST)
GSM8K_QUESTIONS = 7_473


def made_table(num_questions: int, num_clusters: int) -> tuple[StepTable, np.ndarray]:
    """5.5 steps a question on average, as GSM8K's rationales have."""
    rng = np.random.default_rng(num_questions)
    offsets = np.concatenate([[0], np.cumsum(1 + rng.poisson(4.5, num_questions))])
    return StepTable(rng.gamma(2.0, 0.5, offsets[-1]), offsets), rng.integers(0, num_clusters, num_questions)


def seconds(work, repeats: int = 3) -> float:
    """The shortest of `repeats` runs, in seconds of this process: what others do on the machine counts less."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def print_table(title: str, headings: tuple[str, ...], rows: list[tuple]) -> None:
    print(f"\n{title}")
    for row in (headings, *rows):
        print("  " + "".join(str(cell).rjust(18) for cell in row))


@pytest.mark.parametrize("method", ["structured", "ftgp"])
def test_one_selection(method):
    rows, before = [], None
    for size in SIZES:
        rng = np.random.default_rng(size)
        gains, clusters = rng.gamma(2.0, 0.5, size), rng.integers(0, min(1000, size // 10), size)
        budget = float(gains.sum() / 20)
        took = seconds(lambda g=gains, c=clusters, b=budget: select_questions(g, c, b, method=method))
        certificate = select_questions(gains, clusters, budget, method=method).certificate
        rows.append((size, f"{took:.4f}", f"{took / before:.1f}" if before else "-", f"{certificate:.6f}"))
        before = took
    print_table(f"one selection, {method}", ("questions", "seconds", "times the last", "certificate"), rows)
    assert float(rows[-1][-1]) > (0.999 if method == "structured" else 0.9)


def test_whole_schedule():
    rows, before = [], None
    for size in SIZES:
        table, clusters = made_table(size, min(1000, size // 10))
        made = []
        took = seconds(lambda t=table, c=clusters, m=made: m.append(build_schedule(t, c, num_stages=50)), 1)
        assert not made[0].input_steps[-1].any()  # in time: nothing is given in the end
        rows.append((size, f"{took:.3f}", f"{took / before:.1f}" if before else "-", f"{took / 51:.4f}"))
        before = took
    print_table("schedule, T = 50", ("questions", "seconds", "times the last", "a stage"), rows)


def test_schedule_of_gsm8k_size():
    table, clusters = made_table(GSM8K_QUESTIONS, 5)
    lists = np.split(table.difficulties, table.offsets[1:-1])
    rows, made = [], {}
    for name, steps, method in (
        ("flat form", table, "structured"), ("list of arrays", lists, "structured"), ("ftgp", table, "ftgp")
    ):  # fmt: skip

        def work(name=name, steps=steps, method=method):
            made[name] = build_schedule(steps, clusters, num_stages=10, method=method)

        rows.append((name, f"{seconds(work):.3f}"))
    print_table(f"schedule of {GSM8K_QUESTIONS} questions, T = 10", ("", "seconds"), rows)
    assert np.array_equal(made["flat form"].input_steps, made["list of arrays"].input_steps)


def test_memory_is_linear():
    rows, shares = [], []
    for size in SIZES:
        table, clusters = made_table(size, min(1000, size // 10))
        tracemalloc.start()
        build_schedule(table, clusters, num_stages=10)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        shares.append(peak / size)
        rows.append((size, f"{peak / 1e6:.1f}", f"{peak / size:.0f}"))
    print_table("peak memory of a schedule, T = 10", ("questions", "MB", "bytes a question"), rows)
    assert max(shares[1:]) < 2 * min(shares[1:])


def test_step_difficulties_of_a_million_tokens():
    rng = np.random.default_rng(0)
    lengths = rng.integers(100, 170, GSM8K_QUESTIONS)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    steps = np.concatenate([np.arange(length) * 6 // length for length in lengths])
    nlls, weights = rng.gamma(1.0, 1.0, offsets[-1]), rng.random(offsets[-1])
    rows = [
        (weighting, f"{seconds(lambda w=weighting: flat_step_difficulties(nlls, weights, steps, offsets, w)):.3f}")
        for weighting in ("softmax", "raw")
    ]
    print_table(f"step difficulties of {offsets[-1]} tokens", ("weighting", "seconds"), rows)
    raw, _ = flat_step_difficulties(nlls, weights, steps, offsets, "raw")
    assert raw.shape == (6 * GSM8K_QUESTIONS,) and (raw > 0).all()
