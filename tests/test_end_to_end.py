"""The whole path through the command line, on a student of a few thousand weights."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from kpod.run_store import TABLES, Run, load_run
from tests.support.tiny_runs import kpod_command, kpod_environment, run_kpod, tiny_config, write_questions

STAGES = [
    "prepare", "evaluation set", "cluster", "map", "weights", "losses", "difficulty", "schedule", "evaluate base",
    "distill", "evaluate",
]  # fmt: skip
ADAPTER = Path("adapter/adapter_model.safetensors")


@pytest.mark.slow
def test_a_whole_run_through_the_command_line(tiny_run):
    run = load_run(tiny_run)
    assert run.status == "finished" and list(run.state.stages) == STAGES
    for name, columns in TABLES.items():
        table = run.table(name)
        assert len(table) and set(columns) <= set(table.columns), name
    assert {"cluster", "x", "y"} <= set(run.questions.columns)
    assert set(run.metrics["stage"]) == {"weights", "distill"}
    assert run.state.summary["questions"] == 18 and run.state.summary["evaluation_questions"] == 6
    one = run.table("tokens", question="p03")
    text = run.table("questions", question="p03")["rationale"].iloc[0]
    assert "".join(text[a:b] for a, b in zip(one["character_start"], one["character_end"], strict=True)) == text
    done = run_kpod("show", tiny_run)
    assert done.returncode == 0 and "distilled: " in done.stdout and "6 (" in done.stdout


@pytest.mark.slow
def test_a_resume_of_a_finished_run_does_nothing(tiny_run, tmp_path):
    folder = shutil.copytree(tiny_run, tmp_path / "run")
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix == ".parquet"}
    done = run_kpod("run", "--resume", folder)
    assert done.returncode == 0, done.stderr
    assert [line.split(":")[0] for line in done.stderr.splitlines() if "up to date, skipped" in line] == STAGES
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix == ".parquet"} == before


def long_config(folder: Path, student: Path) -> Path:
    """A run with 240 short steps of distillation; so few questions that the map needs no UMAP."""
    source = write_questions(folder / "questions.jsonl", trained=2, measured=1)
    distillation = {"epochs": 120, "batch_size": 1, "lora_dropout": 0.1, "probe_questions": 1}
    config = tiny_config(
        source,
        student,
        weights={"epochs": 1},
        curriculum={"num_stages": 5},
        distillation=distillation | {"checkpoint_seconds": 0.5},
    )
    path = folder / "config.yaml"
    path.write_text(config.to_yaml())
    return path


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory, tiny_llama_folder) -> tuple[Path, Run]:
    folder = tmp_path_factory.mktemp("long")
    config = long_config(folder, tiny_llama_folder)
    done = run_kpod("run", "--config", config, "--out", folder / "whole")
    assert done.returncode == 0, done.stderr
    return config, load_run(folder / "whole")


def start_and_signal(config: Path, folder: Path, number: int, after: int) -> tuple[int, str]:
    """Start a run, and send it a signal once `after` steps of distillation are done; its exit status and stderr."""
    process = subprocess.Popen(
        kpod_command("run", "--config", config, "--out", folder),
        env=kpod_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        limit = time.monotonic() + 300
        while process.poll() is None and time.monotonic() < limit:
            state = folder / "run.json"
            progress = (json.loads(state.read_text())["progress"] if state.is_file() else None) or {}
            if progress.get("stage") == "distill" and progress["done"] >= after:
                process.send_signal(number)
                break
            time.sleep(0.02)
        _, err = process.communicate(timeout=300)
    finally:
        process.kill()
        process.communicate()
    return process.returncode, err


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_run_stopped_in_distillation_is_finished_by_a_resume(tmp_path, uninterrupted, number):
    config, whole = uninterrupted
    folder = tmp_path / "run"
    code, err = start_and_signal(config, folder, number, after=1)
    stopped = load_run(folder)
    if number == signal.SIGKILL:
        assert code == -signal.SIGKILL and stopped.status == "died"
    else:
        assert code == 130 and stopped.status == "cancelled", err
        assert f"Continue with: python -m kpod run --resume {folder}" in err
        assert "Traceback" not in err
    assert "distill" not in stopped.state.stages and len(stopped.tokens)
    done = run_kpod("run", "--resume", folder)
    assert done.returncode == 0, done.stderr
    assert "weights: up to date, skipped" in done.stderr
    resumed = load_run(folder)
    assert resumed.status == "finished"
    assert (folder / ADAPTER).read_bytes() == (whole.folder / ADAPTER).read_bytes()
    for table in ("tokens", "schedule", "difficulty_history", "predictions"):
        assert resumed.table(table).equals(whole.table(table)), table
    columns = ["stage", "step", "epoch", "loss", "learning_rate", "supervised_tokens"]
    assert resumed.metrics[columns].equals(whole.metrics[columns])
    assert [path.name for path in folder.iterdir() if path.name.endswith(".tmp")] == []
