"""An ablation folder for tests of the app: made runs of every method and seed, and the tables the engine writes."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from kpod.ablation_store import Ablation, Cell, create_ablation
from kpod.ablation_tables import write_tables
from kpod.ablation_variations import Variation
from kpod.config import RunConfig, make_config
from kpod.run_store import Run, StageRecord, create_run, now
from tests.support.made_run import make_run

METHODS, SEEDS, REFERENCE = ("kpod", "plain"), (0, 1), "plain"


def make_ablation(folder: Path, variations: Sequence[Variation] = (), seeds: Sequence[int] = SEEDS) -> Ablation:
    """A finished ablation of METHODS under `seeds`, every run with answers of its own."""
    with tempfile.TemporaryDirectory() as place:
        config = make_run(Path(place) / "run").config
    ablation = create_ablation(folder, config, METHODS, seeds, reference=REFERENCE, variations=variations)
    for cell in ablation.matrix():
        _run(cell)
    ablation.update(status="finished", finished_runs=tuple(cell.folder.name for cell in ablation.matrix()))
    write_tables(ablation)
    return ablation


def make_large_ablation(
    folder: Path,
    methods: Sequence[str],
    seeds: Sequence[int],
    variations: Sequence[Variation] = (),
    questions: int = 300,
) -> Ablation:
    """An ablation as large as one that is worth publishing: its runs hold what the tables are made of, and no more.

    Questions take two to four steps. No method is better than another; each seed answers by chance.
    """
    config = make_config({"name": "Nano", "data": {"source": "small_world:"}, "student": {"name": "nano"}})
    ablation = create_ablation(folder, config, methods, seeds, reference=REFERENCE, variations=variations)
    for number, cell in enumerate(ablation.matrix()):
        _answers_alone(cell, config, questions, np.random.default_rng(number))
    ablation.update(status="finished", finished_runs=tuple(cell.folder.name for cell in ablation.matrix()))
    write_tables(ablation)
    return ablation


def _answers_alone(cell: Cell, config: RunConfig, count: int, rng: np.random.Generator) -> None:
    run = create_run(cell.folder, config.model_copy(update={"method": cell.method, "seed": cell.seed}))
    names, steps = [f"q{number:03d}" for number in range(count)], np.arange(count) % 3 + 2
    told = {"text": "", "answer": "7", "split": "test", "rationale": None, "teacher": None, "teacher_correct": True}
    run.write_table("questions", pd.DataFrame({"question": names, **told, "trained": False, "num_steps": steps}))
    frames = [
        pd.DataFrame({"evaluation_set": "test", "question": names, "epoch": epoch, "output": "", "answer": "7",
                      "correct": rng.random(count) < share / steps})
        for epoch, share in ((0, 0.1), (6, 1.7))
    ]  # fmt: skip
    run.write_table("predictions", pd.concat(frames, ignore_index=True))
    learns = 0.0 if cell.method.startswith("plain") else 75.0
    seconds = {"prepare": 1.0, "weights": learns, "losses": 3.0, "distill": 45.0 + rng.random(), "evaluate": 12.0}
    records = {name: StageRecord(f"made-{name}", value, 0, now()) for name, value in seconds.items() if value}
    run.update(
        status="finished", stages=records,
        summary={"supervised_tokens": 203_292 - int(rng.integers(20_000)), "training_steps": 450},
    )  # fmt: skip


def _run(cell: Cell) -> Run:
    run = make_run(cell.folder, name=cell.told)
    run.config = run.config.model_copy(update={"method": cell.method, "seed": cell.seed})
    run.write_config()
    turn_answers(run, 3 + cell.seed if cell.method == "plain" else cell.seed)
    questions = run.questions
    questions["rationale"] = questions["rationale"].fillna("3 + 4 = 7 pens. So 7.")
    run.write_table("questions", questions)
    run.update(summary=run.state.summary | {"supervised_tokens": 41_492, "training_steps": 120})
    return run


def turn_answers(run: Run, count: int) -> None:
    """Turn the outcome of the first `count` answers after distillation round."""
    table = run.predictions
    rows = table.index[table["epoch"] > 0][:count]
    table.loc[rows, "correct"] = ~table.loc[rows, "correct"]
    run.write_table("predictions", table)
