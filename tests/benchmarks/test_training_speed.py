"""A training step of ours against transformers' Trainer and TRL's SFTTrainer: same model, texts, adapter, hardware.

Each loop has a process of its own, on one thread; they train an epoch in turn, and of every loop the least process time
counts, which other work on the machine disturbs little. KPOD_BENCHMARK_REPETITIONS=5 lets each train five epochs beside
the one to warm up (1 where it is not set). KPOD_BENCHMARK_LAYERS=30 is SmolLM2-135M's whole depth; a loop then takes 4
to 6 GB: with less than 20 GB, name two, as KPOD_BENCHMARK_LOOPS=kpod,trainer.
TRL is installed for this alone (pip install trl); without it its rows are left out, saying so.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch

from tests.support.tiny_runs import ROOT, kpod_environment

LAYERS = int(os.environ.get("KPOD_BENCHMARK_LAYERS", 2))
QUESTIONS = int(os.environ.get("KPOD_BENCHMARK_QUESTIONS", 16))
REPETITIONS = int(os.environ.get("KPOD_BENCHMARK_REPETITIONS", 1))
BATCH = 8
LABELS = {
    "kpod": "kpod",
    "trainer": "PEFT + Trainer",
    "trainer-halves": "the same, 2 batches of 4 accumulated",
    "sft": "SFTTrainer, no gradient checkpointing",
    "sft-recomputing": "SFTTrainer, its default checkpointing",
}


@contextmanager
def loops(names: list[str]) -> Iterator[dict[str, subprocess.Popen]]:
    """A process for every loop, with its model built."""
    processes: dict[str, subprocess.Popen] = {}
    try:
        for name in names:
            command = [sys.executable, "-m", "tests.support.training_loops", name, str(LAYERS), str(QUESTIONS)]
            processes[name] = subprocess.Popen(
                [*command, str(BATCH)], cwd=ROOT, env=kpod_environment(), text=True, stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            )  # fmt: skip
            assert processes[name].stdout.readline() == "ready\n", name
        yield processes
    finally:
        for process in processes.values():
            process.kill()
            process.wait()


def asked(process: subprocess.Popen, what: str = "go") -> dict[str, Any]:
    """What the next epoch of a loop took."""
    print(what, file=process.stdin, flush=True)
    return json.loads(process.stdout.readline())


def matrix_rate() -> float:
    """Floating-point operations a second of process time in a 1024 matrix product, one thread, the best of ten."""
    torch.set_num_threads(1)
    first, second = torch.randn(1024, 1024), torch.randn(1024, 1024)
    seconds = []
    for _ in range(10):
        start = time.process_time()
        first @ second
        seconds.append(time.process_time() - start)
    return 2 * 1024**3 / min(seconds)


@pytest.mark.benchmark
def test_training_speed_against_trainer_and_trl(capsys):
    wanted = os.environ.get("KPOD_BENCHMARK_LOOPS", ",".join(LABELS)).split(",")
    names = [name for name in wanted if "sft" not in name or importlib.util.find_spec("trl")]
    assert names[0] == "kpod", names
    with loops(names) as processes:
        flops = asked(processes["kpod"], "flops")["flops"]  # an epoch to warm up; the others have their own
        for name in names[1:]:
            asked(processes[name])
        rates = [matrix_rate()]
        taken: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
        for _ in range(REPETITIONS):
            for name in names:
                taken[name].append(asked(processes[name]))
            rates.append(matrix_rate())
    least = {name: min(figures, key=lambda each: each["process"]) for name, figures in taken.items()}
    seconds = {name: figures["process"] for name, figures in least.items()}
    peaks = {name: max(each["peak"] for each in figures) for name, figures in taken.items()}
    assert len({figures["tokens"] for figures in least.values()}) == 1
    with capsys.disabled():
        print(
            f"\n{QUESTIONS} texts of {least['kpod']['tokens']} tokens, {BATCH} a step, {LAYERS} layers, LoRA 16, fp32"
        )
        print(f"{'loop':<40} {'tokens/s':>9} {'kpod is':>9} {'peak GB':>8} {'kpod has':>9}")
        for name in names:
            print(
                f"{LABELS[name]:<40} {least[name]['tokens'] / seconds[name]:>9.0f} "
                f"{seconds[name] / seconds['kpod']:>8.2f}x {peaks[name] / 1e9:>8.2f} "
                f"{peaks['kpod'] / peaks[name]:>8.3f}x"
            )
        share, rate = flops / seconds["kpod"] / max(rates), max(rates) / 1e9
        print(f"kpod: {share:.0%} of the {rate:.0f} GFLOP/s of a 1024 matrix product")
        if len(names) < len(wanted):
            print("TRL is not installed: pip install trl for its rows")
