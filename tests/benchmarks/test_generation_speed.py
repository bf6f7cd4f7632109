"""Evaluation in batches against one question at a time, with the shipped student, which answers in full sentences."""

from __future__ import annotations

import time

import pytest
import torch

from kpod.evaluation import generate_rationales
from kpod.nano_scores import held_out_problems
from kpod.students.loading import load_student
from tests.conftest import ROOT

QUESTIONS, BATCH, REPETITIONS = 32, 32, 2


@pytest.mark.benchmark
def test_batched_generation_against_one_by_one(capsys):
    torch.set_num_threads(1)
    model, tokenizer = load_student(ROOT / "assets" / "nano", dtype="float32", device="cpu")
    questions = [problem.question.text for problem in held_out_problems(QUESTIONS, 3)]
    seconds: dict[int, list[float]] = {BATCH: [], 1: []}
    found = {}
    for _ in range(REPETITIONS):
        for batch_size, taken in seconds.items():
            start = time.process_time()
            found[batch_size] = generate_rationales(
                model, tokenizer, questions, max_new_tokens=160, batch_size=batch_size
            )
            taken.append(time.process_time() - start)
    batched, single = min(seconds[BATCH]), min(seconds[1])
    same = sum(a == b for a, b in zip(found[BATCH], found[1], strict=True))
    assert same >= 0.9 * QUESTIONS  # sums in another order may turn a close choice round
    with capsys.disabled():
        print(f"\n{QUESTIONS} questions, the shipped student, one thread, process time, the least of {REPETITIONS}")
        print(f"batches of {BATCH}: {batched:.2f} s, one by one: {single:.2f} s, ratio {single / batched:.1f}")
