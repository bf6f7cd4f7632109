"""A run that is killed again and again, at random moments of every stage, ends as one that was not, bit for bit.

KPOD_KILL_SEED=2 tries other moments.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pandas as pd
import pytest

from kpod.run_store import TABLES, Run, create_run, load_run
from tests.support.tensorboard_reading import read_events
from tests.support.tiny_runs import ROOT, kpod_environment, tiny_config, write_questions

SEED = os.environ.get("KPOD_KILL_SEED", "1")
# Stages that take longer are met more often; three of them go on in their middle by checkpoints of their own.
KILLS = {
    "prepare": 2, "evaluation set": 1, "cluster": 2, "map": 1, "weights": 4, "losses": 1, "difficulty": 1,
    "schedule": 1, "evaluate base": 2, "distill": 4, "distill!": 1, "evaluate": 1,
}  # fmt: skip
FILES = ("adapter/adapter_model.safetensors", "weight_generator.safetensors")
OF_THE_CLOCK = ("seconds", "tokens_per_second", "seconds_left", "memory_bytes")


@pytest.fixture(scope="module")
def config(tmp_path_factory, tiny_llama_folder):
    source = write_questions(tmp_path_factory.mktemp("kills") / "questions.jsonl", trained=2, measured=1)
    return tiny_config(  # so few questions that the map needs no UMAP, which takes half a minute to compile
        source,
        tiny_llama_folder,
        weights={"epochs": 30, "warmup_epochs": 5, "batch_size": 1},
        distillation={"epochs": 40, "batch_size": 1, "lora_dropout": 0.1, "checkpoint_seconds": 0.15},
        evaluation={"max_new_tokens": 24},
    )


def same_metrics(run: Run) -> pd.DataFrame:
    """What a run logged, without what tells of the clock and of the machine."""
    metrics = run.metrics
    return metrics[[column for column in metrics if column not in OF_THE_CLOCK]]


@pytest.mark.slow
def test_a_run_killed_at_twenty_random_moments_ends_bit_for_bit_the_same(tmp_path, config):
    stages = [stage for stage, times in KILLS.items() for _ in range(times)]
    folders = [create_run(tmp_path / name, config).folder for name in ("whole", "killed")]
    command = [sys.executable, "-m", "tests.support.killed_runs", *map(str, folders), SEED, *stages]
    done = subprocess.run(command, env=kpod_environment(), cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    print(f"KPOD_KILL_SEED={SEED}: {len(stages)} kills, and {found['late']} taken back that came after their stage")
    assert found["met"] == [stage.rstrip("!") for stage in stages]
    whole, killed = map(load_run, folders)
    assert killed.status == "finished" and list(killed.state.stages) == list(whole.state.stages)
    assert set(found["met"]) == set(whole.state.stages) and len(found["met"]) >= 20
    folder = killed.folder
    for name in FILES:
        assert (folder / name).read_bytes() == (whole.folder / name).read_bytes(), name
    for table in TABLES:
        assert killed.table(table).equals(whole.table(table)), table
    pd.testing.assert_frame_equal(same_metrics(killed), same_metrics(whole), check_exact=True)
    for stage, rows in killed.metrics.groupby("stage"):
        assert rows["step"].tolist() == list(range(1, len(rows) + 1)), stage  # no gap, none twice
    for stage, loss in (("weights", "nll_random"), ("weights", "nll_masked"), ("distill", "loss")):
        logged = whole.metrics.query(f"stage == '{stage}' and {loss} == {loss}")  # where it is a number
        expected = [(row.step, pytest.approx(getattr(row, loss), rel=1e-6)) for row in logged.itertuples()]
        for run in (whole, killed):  # events hold times, so their files differ; steps of before a kill are purged
            assert read_events(run.folder / "tensorboard" / stage)[f"{stage}/{loss}"] == expected, (run.name, stage)
    assert killed.state.summary == whole.state.summary and killed.state.warnings == whole.state.warnings
    assert "is damaged" in killed.log() and "going back to the one before" in killed.log()
    assert list(folder.glob("checkpoints/*")) == [] and list(folder.glob(".*.tmp")) == []
