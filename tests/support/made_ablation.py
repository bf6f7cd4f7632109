"""An ablation folder for tests of the app: made runs of every method and seed, and the tables the engine writes."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from kpod.ablation_store import Ablation, Cell, create_ablation
from kpod.ablation_tables import by_steps_table, departures_table, results_table, summary_table
from kpod.ablation_variations import Variation
from kpod.run_store import Run
from tests.support.made_run import make_run

METHODS, SEEDS, REFERENCE = ("kpod", "plain"), (0, 1), "plain"


def make_ablation(folder: Path, variations: Sequence[Variation] = (), seeds: Sequence[int] = SEEDS) -> Ablation:
    """A finished ablation of METHODS under `seeds`, every run with answers of its own."""
    with tempfile.TemporaryDirectory() as place:
        config = make_run(Path(place) / "run").config
    ablation = create_ablation(folder, config, METHODS, seeds, reference=REFERENCE, variations=variations)
    runs = [(cell, _run(cell)) for cell in ablation.matrix()]
    ablation.write_table("results", results_table(runs))
    ablation.write_table("by_steps", by_steps_table(runs))
    ablation.write_table("departures", departures_table(runs))
    ablation.write_table("summary", summary_table(runs, REFERENCE))
    ablation.update(status="finished", finished_runs=tuple(cell.folder.name for cell, _ in runs))
    return ablation


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
