"""How well a student solves problems of the small world, by number of steps; the nano student with its card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kpod.evaluation import generate_rationales
from kpod.progress import Reporter
from kpod.students.nano_lessons import COURSE
from kpod.students.nano_pretraining import NanoOptions, NanoPretraining, pretrain_nano
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


def make_nano(
    target: Path,
    checkpoints: Path,
    options: NanoOptions | None = None,
    *,
    reporter: Reporter | None = None,
    num_scored: int = 200,
) -> dict[int, float]:
    """Pre-train the nano student (or go on), write it to `target` with its card, and return its scores by steps."""
    options, reporter = options or NanoOptions(), reporter or Reporter()
    training = pretrain_nano(target, checkpoints, options, reporter=reporter, score=score_while_training)
    accuracy = score_by_steps(training.model, training.tokenizer, num=num_scored, most_steps=6)
    (target / "README.md").write_text(card(training, accuracy, num_scored), encoding="utf-8")
    reporter.log(", ".join(f"{steps} steps: {share:.1%}" for steps, share in accuracy.items()))
    return accuracy


def card(training: NanoPretraining, accuracy: Mapping[int, float], num_scored: int) -> str:
    """The model card of a nano student: how it was made, and what it scores."""
    options = training.options
    size = sum(value.numel() for value in training.named.values())
    rows = "\n".join(f"| {steps} | {share:.1%} |" for steps, share in accuracy.items())
    return _CARD.format(
        size=size, layers=options.layers, width=options.width, heads=options.heads, inner=options.inner_width,
        words=len(training.tokenizer), seed=options.seed, lessons=options.lessons, batch=options.batch_size,
        rate=options.learning_rate, tokens=training.tokens / 1e6, minutes=training.seconds / 60, num=num_scored,
        rows=rows, parts=_parts(),
    )  # fmt: skip


def _parts() -> str:
    return "\n".join(
        f"| {start:,} | " + ", ".join(f"{kind} {percent}%" for kind, percent in kinds.items()) + " |"
        for start, kinds in COURSE
    )


_CARD = """\
---
license: apache-2.0
language: en
pipeline_tag: text-generation
---

# nano

A Llama of {size:,} parameters ({layers} layers, {width} wide, {heads} heads, {inner} inside; a tokenizer of {words}
words and bytes, digits single) for trying out chain-of-thought distillation in minutes, without a network. It is
literate in the project's small world of word problems and solves them where they take one step; to chain steps is what
a distillation has to teach it. It is of no other use.

Made from nothing by

    python -m kpod pretrain-nano --seed {seed} --lessons {lessons}

on {lessons:,} lessons of the small world, {tokens:.1f} million tokens, in {minutes:.0f} minutes on one shared core
(batches of {batch}, AdamW, peak learning rate {rate:g}). All texts are the project's own; none holds a solution of more
than one step.

| from lesson | kinds of lesson |
|---|---|
{parts}

What it answers rightly before any distillation, of {num} held-out problems each, zero-shot in the product's template
and greedy:

| steps | right |
|---|---|
{rows}

Licence: Apache-2.0.
"""
