"""How well a student solves problems of the small world, by number of steps, asked as the product asks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kpod.evaluation import generate_rationales
from kpod.tasks.small_world import TASK, Problem, WorldOptions, generate_problems

SCORE_SEED = 90_000_017  # far from the seeds of anybody's training data


def held_out_problems(num: int, num_steps: int) -> list[Problem]:
    """Problems of exactly so many steps to measure on."""
    options = WorldOptions(min_steps=num_steps, max_steps=num_steps)
    return generate_problems(num, SCORE_SEED + num_steps, options, prefix="score", split="test")


def count_correct(model: Any, tokenizer: Any, problems: Sequence[Problem], *, max_new_tokens: int = 160) -> int:
    """How many of the problems the student answers rightly, zero-shot and greedy."""
    outputs = generate_rationales(
        model, tokenizer, [problem.question.text for problem in problems], max_new_tokens=max_new_tokens, batch_size=64
    )
    return sum(
        TASK.is_correct(TASK.extract_answer(output), problem.question.answer)
        for output, problem in zip(outputs, problems, strict=True)
    )


def score_by_steps(model: Any, tokenizer: Any, *, num: int, most_steps: int = 4) -> dict[int, float]:
    """Accuracy on `num` problems of each number of steps from 1."""
    problems = {steps: held_out_problems(num, steps) for steps in range(1, most_steps + 1)}
    return {steps: count_correct(model, tokenizer, those) / num for steps, those in problems.items()}


def score_while_training(model: Any, tokenizer: Any) -> str:
    """One-step and two-step accuracy on a few problems, for the log."""
    accuracy = score_by_steps(model, tokenizer, num=100, most_steps=2)
    return f"one step {accuracy[1]:.0%}, two steps {accuracy[2]:.0%} of 100 problems each"
