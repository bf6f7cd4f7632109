"""A made run as large as GSM8K's: 7,473 rationales and a million tokens, from a small made run laid side by side.

`python -m tests.support.large_run FOLDER` makes one by hand.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from kpod.curriculum import build_schedule
from kpod.run_store import Run, load_run
from tests.support.made_run import EVALUATED, INITIAL_FRACTION, NUM_STAGES, make_run
from tests.support.made_vectors import write_made_vectors

QUESTIONS, TOKENS = 7_473, 1_000_000
_SEEDS = 50  # questions that are really made; the others repeat them under ids of their own
_BY_QUESTION = ("steps", "tokens", "weight_history", "difficulty_history")


def make_large_run(folder: Path, *, questions: int = QUESTIONS, tokens: int = TOKENS) -> Run:
    """A finished run of `questions` rationales with at least `tokens` tokens in all, in a few seconds."""
    with tempfile.TemporaryDirectory() as place:
        small = make_run(Path(place) / "small", count=_SEEDS, name="As large as GSM8K")
        joined = -(-tokens * _SEEDS // (questions * len(small.tokens)))  # problems that make one long rationale
        shutil.rmtree(small.folder)
        small = make_run(small.folder, count=_SEEDS, name="As large as GSM8K", problems_joined=joined)
        shutil.copytree(small.folder, folder)
    run = load_run(folder)
    _enlarge(run, questions)
    run.update(summary=run.state.summary | {"questions": questions, "steps": len(run.steps), "tokens": len(run.tokens)})
    return run


def _enlarge(run: Run, count: int) -> None:
    rng = np.random.default_rng(3)
    ids = [f"q{i:05d}" for i in range(count)]
    learned, measured = run.questions.iloc[:_SEEDS], run.questions.iloc[_SEEDS:]
    frame = learned.iloc[np.arange(count) % _SEEDS].reset_index(drop=True)
    frame["question"] = ids
    frame[["x", "y"]] += rng.normal(0, 0.6, (count, 2))
    run.write_table("questions", pd.concat([frame, measured], ignore_index=True))
    write_made_vectors(run)
    for name in _BY_QUESTION:
        run.write_table(name, _repeated(run.table(name), ids, rng))
    groups = run.steps.groupby("question_index", sort=True)["difficulty"]
    plan = build_schedule(
        [values.to_numpy() for _, values in groups],
        frame["cluster"].to_numpy(),
        num_stages=NUM_STAGES,
        initial_fraction=INITIAL_FRACTION,
    )
    run.write_table("schedule", plan.table(ids))
    run.write_table("stages", plan.stages_table())
    assert len(measured) == EVALUATED


def _repeated(table: pd.DataFrame, ids: list[str], rng: np.random.Generator) -> pd.DataFrame:
    """The rows of every question again and again until each of `ids` has some, with figures of their own."""
    copies = []
    for start in range(0, len(ids), _SEEDS):
        copy = table[table["question_index"] < len(ids) - start]
        copies.append(copy.assign(question_index=copy["question_index"] + start))
    whole = pd.concat(copies, ignore_index=True)
    if "question" in whole:
        whole["question"] = np.array(ids, dtype=object)[whole["question_index"]]
    for name in {"difficulty", "nll"} & set(whole):
        whole[name] *= rng.uniform(0.7, 1.3, len(whole))
    if "weight" in whole:
        whole["weight"] = (whole["weight"] + rng.normal(0, 0.03, len(whole))).clip(0.01, 0.99)
    order = [name for name in ("epoch", "question_index", "position", "step") if name in whole]
    return whole.sort_values(order, kind="stable", ignore_index=True)


if __name__ == "__main__":
    made = make_large_run(Path(sys.argv[1]))
    print(f"{made.folder}: {len(made.questions):,} questions, {len(made.tokens):,} tokens")
