"""A run as large as asked for, to measure pages with: clusters, steps, a schedule and predictions, all made at once.

`python -m tests.support.made_map FOLDER COUNT` makes one by hand.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from kpod.config import make_config
from kpod.curriculum import StepTable, build_schedule
from kpod.run_store import Run, StageRecord, create_run, now
from tests.support.made_vectors import write_made_vectors

NUM_CLUSTERS = 8
NUM_STAGES = 10
WORDS = ("pens", "boats", "trains", "cakes", "coins", "shirts", "lamps", "roads")


def make_map_run(folder: Path, count: int, seed: int = 5) -> Run:
    """A finished run of `count` questions, of which the last tenth was only measured on."""
    rng = np.random.default_rng(seed)
    config = make_config(
        {
            "name": f"{count:,} made questions",
            "seed": seed,
            "data": {"source": "made.jsonl"},
            "student": {"name": "tiny-llama"},
            "clustering": {"num_clusters": NUM_CLUSTERS},
            "curriculum": {"num_stages": NUM_STAGES},
            "distillation": {"epochs": NUM_STAGES},
        }
    )
    run = create_run(folder, config)
    trained = count - count // 10
    ids = np.array([f"q{i:06d}" for i in range(count)], dtype=object)
    clusters = rng.integers(0, NUM_CLUSTERS, count)
    lengths = 1 + rng.poisson(3, trained)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    difficulties = rng.gamma(2.0, 0.5, offsets[-1])
    _write_questions(run, ids, clusters, trained, rng)
    write_made_vectors(run)
    _write_steps(run, ids[:trained], lengths, difficulties)
    schedule = build_schedule(StepTable(difficulties, offsets), clusters[:trained], num_stages=NUM_STAGES)
    run.write_table("schedule", schedule.table(ids[:trained]))
    run.write_table("stages", schedule.stages_table())
    _write_predictions(run, ids[trained:], rng)
    terms = [[WORDS[k], f"more{k}", f"each{k}"] for k in range(NUM_CLUSTERS)]
    stages = ("prepare", "cluster", "map", "losses", "difficulty", "schedule", "distill", "evaluate")
    run.update(
        status="finished",
        stages={name: StageRecord(f"made-{name}", 1.0, 1_000_000, now()) for name in stages},
        summary={"questions": trained, "evaluation_questions": count - trained, "cluster_terms": terms},
    )
    return run


def _write_questions(run: Run, ids: np.ndarray, clusters: np.ndarray, trained: int, rng: np.random.Generator) -> None:
    count = len(ids)
    angle = 2 * np.pi * clusters / NUM_CLUSTERS
    first, more = np.arange(count) % 97, np.arange(count) % 13
    bought = zip(first, more, clusters, strict=True)
    texts = [f"Ann has {a} {WORDS[k]} and buys {b} more. How many {WORDS[k]}?" for a, b, k in bought]
    sums = [f"{a} + {b} = {a + b}." for a, b in zip(first, more, strict=True)]
    run.write_table(
        "questions",
        pd.DataFrame(
            {
                "question": ids,
                "text": texts,
                "answer": [str(total) for total in first + more],
                "split": np.where(np.arange(count) < trained, "train", "test"),
                "rationale": [text if i < trained else None for i, text in enumerate(sums)],
                "teacher": "made",
                "teacher_correct": True,
                "trained": np.arange(count) < trained,
                "cluster": clusters.astype("int32"),
                "x": (7 * np.cos(angle) + rng.normal(0, 1.6, count)).astype("float32"),
                "y": (5 * np.sin(angle) + rng.normal(0, 1.2, count)).astype("float32"),
            }
        ),
    )


def _write_steps(run: Run, ids: np.ndarray, lengths: np.ndarray, difficulties: np.ndarray) -> None:
    index = np.repeat(np.arange(len(ids)), lengths)
    within = np.arange(len(index)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    frame = {
        "question_index": index,
        "question": ids[index],
        "step": within,
        "character_start": 0,
        "character_end": 5,
        "text": "A step.",
        "difficulty": difficulties,
    }
    run.write_table("steps", pd.DataFrame(frame))


def _write_predictions(run: Run, ids: np.ndarray, rng: np.random.Generator) -> None:
    frames = [
        pd.DataFrame(
            {
                "evaluation_set": "made:test",
                "question": ids,
                "epoch": epoch,
                "output": "7",
                "answer": "7",
                "correct": rng.random(len(ids)) < share,
            }
        )
        for epoch, share in ((0, 0.2), (NUM_STAGES, 0.7))
    ]
    run.write_table("predictions", pd.concat(frames, ignore_index=True))


if __name__ == "__main__":
    made = make_map_run(Path(sys.argv[1]), int(sys.argv[2]))
    print(f"{made.name!r} in {made.folder}")
