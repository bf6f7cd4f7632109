"""A run folder for tests of the app: written by run_store's own writers from made figures, no model involved.

`python -m tests.support.made_run FOLDER [--hostile]` makes one by hand, to look at the app with.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kpod.config import make_config
from kpod.curriculum import build_schedule
from kpod.run_store import Run, StageRecord, create_run, now
from kpod.step_splitting import split_steps
from tests.support.made_problems import Problem, make_problems
from tests.support.made_vectors import write_made_vectors

NUM_CLUSTERS = 5
WEIGHT_EPOCHS = 6
DISTILLATION_EPOCHS = 10
NUM_STAGES = 5
INITIAL_FRACTION = 0.3
EVALUATED = 12  # further questions, that the student is only measured on
STAGES = (
    "created",
    "prepare",
    "evaluation set",
    "cluster",
    "map",
    "weights",
    "losses",
    "difficulty",
    "schedule",
    "distill",
    "evaluate",
)

HOSTILE_TEXTS = (
    "<script>alert('token')</script>",
    "<img src=x onerror=alert(1)>",
    "<style>body{display:none}</style>",
    "</span><h1>big</h1>",
    "\u202eevil\u202c \u200bzero\u200dwidth\ufeff",
    "nul\x00 bell\x07 escape\x1b[31m",
    "**bold** _it_ `code` $x^2$ :red[red] :material/home: [link](javascript:alert(2))",
    "&lt;b&gt; &amp; \"quotes\" 'single'",
    "{{7*7}} ${7*7} %s %(x)s",
    "<a href='javascript:alert(3)'>click</a>",
    "a" * 300,
    "日本語 العربية 🇩🇪👩‍👩‍👧 e\u0301",
)
HOSTILE_NAME = "<img src=x onerror=alert('name')> **run** \u202e"


@dataclass(frozen=True)
class Rationale:
    """One made question with its tokens (character spans in the rationale) and steps."""

    problem: Problem
    steps: list[tuple[int, int]]
    tokens: list[tuple[int, int]]
    token_steps: list[int]


def make_run(
    folder: Path,
    *,
    count: int = 40,
    hostile: bool = False,
    upto: str = "evaluate",
    status: str = "finished",
    name: str | None = None,
    weights_collapsed: bool = False,
    seed: int = 7,
    problems_joined: int = 1,
) -> Run:
    """Write a run whose pipeline got as far as `upto` (one of STAGES), with `status` in its run.json.

    `problems_joined` is of how many problems a question is put together: for long rationales.
    """
    rng = np.random.default_rng(seed)
    name = name or (HOSTILE_NAME if hostile else "Forty word problems")
    config = make_config(
        {
            "name": name,
            "seed": seed,
            "data": {"source": "made.jsonl"},
            "student": {"name": "tiny-llama"},
            "distillation": {"epochs": DISTILLATION_EPOCHS},
            "curriculum": {"num_stages": NUM_STAGES, "initial_fraction": INITIAL_FRACTION},
        }
    )
    run = create_run(folder, config)
    done = STAGES[: STAGES.index(upto) + 1]
    problems = _problems(count + EVALUATED, hostile, seed, problems_joined)
    ids = [f"q{i:03d}" for i in range(len(problems))]
    if hostile:
        ids[1] = "<b>q001</b>&run=x"
    clusters = np.array([problem.kind % NUM_CLUSTERS for problem in problems])
    items = [_read(problem) for problem in problems[:count]]
    if "prepare" in done:
        _write_questions(run, ids, problems, count, clusters if "map" in done else None, rng)
        difficulty = _write_tokens(run, ids, items, done, rng)
    if "map" in done:
        write_made_vectors(run)
    if "schedule" in done:
        settings = {"num_stages": NUM_STAGES, "initial_fraction": INITIAL_FRACTION}
        plan = build_schedule(difficulty, clusters[:count], **settings)
        run.write_table("schedule", plan.table(ids[:count]))
        run.write_table("stages", plan.stages_table())
    if "distill" in done:
        _write_difficulty_history(run, difficulty, rng)
        run.write_table("training_plan", _training_plan(plan.input_steps))
        run.append_metrics(
            [{"stage": "distill", "step": k, "epoch": 1 + k // 12, "loss": 2.2 * 0.98**k} for k in range(1, 121)]
        )
    if "evaluate" in done:
        _write_predictions(run, ids[count:], problems[count:], rng, hostile)
    warnings = ["Weights collapsed: the keep rate ended at 99%."] if weights_collapsed else []
    _finish(run, done, status, warnings, hostile)
    return run


def _problems(count: int, hostile: bool, seed: int, joined: int) -> list[Problem]:
    problems = make_problems(count, seed, joined)
    if hostile:
        for i, text in enumerate(HOSTILE_TEXTS):
            rationale = f"{text} There are 3 * 4 = 12 of {text} here. {text}"
            problems[i] = Problem(f"{text} How many?", rationale, text[:40], i % NUM_CLUSTERS)
    return problems


def _read(problem: Problem) -> Rationale:
    text = problem.rationale
    steps = split_steps(text)
    tokens = [match.span() for match in re.finditer(r" ?[A-Za-z']+|\d|\s+|[^\sA-Za-z\d]", text)]
    token_steps = []
    for start, end in tokens:
        middle = (start + end) / 2
        token_steps.append(max((k for k, (first, _) in enumerate(steps) if first <= middle), default=0))
    return Rationale(problem, steps, tokens, token_steps)


def _write_questions(
    run: Run,
    ids: list[str],
    problems: list[Problem],
    count: int,
    clusters: np.ndarray | None,
    rng: np.random.Generator,
) -> None:
    frame = pd.DataFrame(
        {
            "question": ids,
            "text": [problem.text for problem in problems],
            "answer": [problem.answer for problem in problems],
            "split": ["train" if i < count else "test" for i in range(len(ids))],
            "rationale": [problem.rationale if i < count else None for i, problem in enumerate(problems)],
            "teacher": "made",
            "teacher_correct": True,
            "num_steps": [len(split_steps(problem.rationale)) for problem in problems],
            "trained": [i < count for i in range(len(ids))],
        }
    )
    if clusters is not None:
        angle = 2 * np.pi * clusters / NUM_CLUSTERS
        frame["cluster"] = clusters
        frame["x"] = 6 * np.cos(angle) + rng.normal(0, 1.1, len(ids))
        frame["y"] = 4 * np.sin(angle) + rng.normal(0, 0.9, len(ids))
    run.write_table("questions", frame)


def _write_tokens(
    run: Run, ids: list[str], items: list[Rationale], done: tuple[str, ...], rng: np.random.Generator
) -> list[np.ndarray]:
    """Steps, tokens and weight history; returns the difficulty of every step of every question."""
    steps, tokens, history, difficulties = [], [], [], []
    for i, item in enumerate(items):
        text = item.problem.rationale
        pieces = [text[start:end] for start, end in item.tokens]
        final = np.array([_significance(piece, rng) for piece in pieces])
        nll = rng.gamma(1.5, 0.5, len(pieces)) * (0.4 + 1.2 * final)
        token_steps = np.array(item.token_steps)
        difficulty = np.array([_difficulty(final, nll, token_steps == k) for k in range(len(item.steps))])
        difficulties.append(difficulty)
        for epoch in range(1, WEIGHT_EPOCHS + 1):
            share = (epoch / WEIGHT_EPOCHS) ** 0.7
            weights = 0.85 + share * (final - 0.85)
            history.append(_rows(epoch=epoch, question_index=i, position=range(len(pieces)), weight=weights))
        columns = {
            "question_index": i,
            "question": ids[i],
            "position": range(len(pieces)),
            "character_start": [start for start, _ in item.tokens],
            "character_end": [end for _, end in item.tokens],
            "step": token_steps,
        }
        if "weights" in done:
            columns["weight"] = final
        if "losses" in done:
            columns["nll"] = nll
        tokens.append(_rows(**columns))
        columns = {
            "question_index": i,
            "question": ids[i],
            "step": range(len(item.steps)),
            "character_start": [start for start, _ in item.steps],
            "character_end": [end for _, end in item.steps],
            "text": [text[start:end] for start, end in item.steps],
        }
        if "difficulty" in done:
            columns["difficulty"] = difficulty
        steps.append(_rows(**columns))
    run.write_table("steps", pd.concat(steps, ignore_index=True))
    run.write_table("tokens", pd.concat(tokens, ignore_index=True))
    if "weights" in done:
        frame = pd.concat(history, ignore_index=True)
        frame = frame.sort_values(["epoch", "question_index", "position"], kind="stable")
        run.write_table("weight_history", frame)
    return difficulties


def _significance(piece: str, rng: np.random.Generator) -> float:
    """Digits and operators high, cue words in the middle, the rest low."""
    word = piece.strip().lower()
    centre = (
        0.95
        if word.isdigit()
        else 0.88
        if word in {"+", "-", "*", "/", "="}
        else 0.6
        if word in {"total", "each", "times", "half", "more", "left", "sold", "together", "leaves"}
        else 0.18
    )
    return float(np.clip(centre + rng.normal(0, 0.05), 0.02, 0.98))


def _difficulty(weights: np.ndarray, nll: np.ndarray, inside: np.ndarray) -> float:
    if not inside.any():
        return 0.0
    attention = np.exp(weights[inside])
    return float((attention / attention.sum() * nll[inside]).sum())


def _rows(**columns: object) -> pd.DataFrame:
    return pd.DataFrame(columns)


def _training_plan(input_steps: np.ndarray) -> pd.DataFrame:
    """What every epoch was trained on, from the schedule's (stages, questions)."""
    stages = np.minimum(np.arange(1, DISTILLATION_EPOCHS + 1), len(input_steps) - 1)
    count = input_steps.shape[1]
    return pd.DataFrame(
        {
            "epoch": np.repeat(np.arange(1, DISTILLATION_EPOCHS + 1), count),
            "question_index": np.tile(np.arange(count), DISTILLATION_EPOCHS),
            "input_steps": input_steps[stages].ravel(),
            "participation": 1.0,
        }
    )


def _write_difficulty_history(run: Run, difficulty: list[np.ndarray], rng: np.random.Generator) -> None:
    frames = []
    for epoch in range(DISTILLATION_EPOCHS + 1):
        for i, d in enumerate(difficulty):
            current = d * (0.25 + 0.75 * np.exp(-0.35 * epoch)) * rng.normal(1, 0.03, len(d)).clip(0.8, 1.2)
            frames.append(_rows(epoch=epoch, question_index=i, step=range(len(d)), difficulty=current if epoch else d))
    run.write_table("difficulty_history", pd.concat(frames, ignore_index=True))


def _write_predictions(
    run: Run, ids: list[str], problems: list[Problem], rng: np.random.Generator, hostile: bool
) -> None:
    frames = []
    for epoch, accuracy in ((0, 0.15), (DISTILLATION_EPOCHS, 0.75)):
        correct = rng.random(len(ids)) < accuracy
        answers = [
            problem.answer if right else None if i % 7 == 0 else str(rng.integers(1, 99))
            for i, (problem, right) in enumerate(zip(problems, correct, strict=True))
        ]
        outputs = [
            (HOSTILE_TEXTS[i % len(HOSTILE_TEXTS)] if hostile else problem.rationale)
            + ("" if answer is None else f"\nTherefore, the answer is {answer}.")
            for i, (problem, answer) in enumerate(zip(problems, answers, strict=True))
        ]
        columns = {"output": outputs, "answer": pd.array(answers, dtype="string"), "correct": correct}
        frames.append(_rows(evaluation_set="made:test", question=ids, epoch=epoch, **columns))
    run.write_table("predictions", pd.concat(frames, ignore_index=True))


def _finish(run: Run, done: tuple[str, ...], status: str, warnings: list[str], hostile: bool) -> None:
    records = {
        stage: StageRecord(f"made-{stage}", 2.5 * (i + 1), 180_000_000 + 20_000_000 * i, now())
        for i, stage in enumerate(done[1:])
    }
    going = status == "running"
    run.update(
        status=status,
        stages=records,
        warnings=warnings,
        progress={"stage": "distill", "done": 30, "total": 120, "unit": "steps", "seconds_left": 95.0}
        if going
        else None,
        error="InputError: Made to fail: the disk is full." if status == "failed" else None,
        summary=_summary(run, done, hostile),
    )


def _summary(run: Run, done: tuple[str, ...], hostile: bool) -> dict[str, Any]:
    if "prepare" not in done:
        return {}
    trained = int(run.questions["trained"].sum())
    summary = {"questions": trained, "evaluation_questions": len(run.questions) - trained}
    summary |= {"steps": len(run.steps), "tokens": len(run.tokens)}
    if "cluster" in done:
        words = HOSTILE_TEXTS if hostile else ("pens", "boats", "trains", "cakes", "coins")
        summary["cluster_terms"] = [[words[k], f"more{k}", f"each{k}", f"rare{k}"] for k in range(NUM_CLUSTERS)]
    if "weights" in done:
        summary["keep_rate"] = float(run.tokens["weight"].mean())
    if "difficulty" in done:
        summary["total_difficulty"] = float(run.steps["difficulty"].sum())
    if "evaluate" in done:
        for epoch, correct in run.predictions.groupby("epoch")["correct"]:
            low, high = max(0.0, correct.mean() - 0.2), min(1.0, correct.mean() + 0.2)
            summary["accuracy" if epoch else "base_accuracy"] = {
                "correct": int(correct.sum()),
                "questions": len(correct),
                "accuracy": float(correct.mean()),
                "low": float(low),
                "high": float(high),
                "no_answer": 1,
            }
    return summary


if __name__ == "__main__":
    made = make_run(Path(sys.argv[1]), hostile="--hostile" in sys.argv)
    print(f"{made.name!r} in {made.folder}")
