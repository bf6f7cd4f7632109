"""Two processes on one run: the losses, the student and the files of one process; and when one of them is lost."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from kpod.run_store import Run, load_run
from tests.support.tiny_runs import ROOT, kpod_environment, tiny_config, write_questions


@pytest.fixture(scope="module")
def config_file(tmp_path_factory, tiny_llama_folder) -> Path:
    folder = tmp_path_factory.mktemp("parallel")
    config = tiny_config(
        write_questions(folder / "questions.jsonl", trained=5, measured=1),
        tiny_llama_folder,
        weights={"epochs": 1, "warmup_epochs": 0, "batch_size": 5},
        # Steps of four and of one question: in the last one the second process has nothing to do.
        distillation={"epochs": 4, "batch_size": 2, "accumulation": 2},
        evaluation={"base_student": False, "max_new_tokens": 4},
    )
    path = folder / "config.yaml"
    path.write_text(config.to_yaml(), encoding="utf-8")
    return path


def by_two_processes(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--standalone", "-m", "kpod"]
    return subprocess.run(
        [*command, *map(str, arguments)], env=kpod_environment() | environment, cwd=ROOT, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def losses_of(run: Run) -> np.ndarray:
    metrics = run.metrics
    return metrics[metrics["stage"] == "distill"].sort_values("step")["loss"].to_numpy()


@pytest.mark.slow
def test_two_processes_learn_as_one(kpod, tmp_path, config_file):
    code, _, said = kpod("run", "--config", config_file, "--out", tmp_path / "alone")
    assert code == 0, said
    together = by_two_processes("run", "--config", config_file, "--out", tmp_path / "together")
    assert together.returncode == 0, together.stderr
    one, two = load_run(tmp_path / "alone"), load_run(tmp_path / "together")
    assert len(losses_of(one)) == 8 and losses_of(one)[0] > losses_of(one)[-2]
    np.testing.assert_allclose(losses_of(two), losses_of(one), rtol=0, atol=1e-4)
    assert one.state.summary["supervised_tokens"] == two.state.summary["supervised_tokens"]
    for column in ("tokens", "supervised_tokens", "learning_rate", "epoch"):
        assert two.metrics[column].equals(one.metrics[column]), column
    first, second = (load_file(run.folder / "adapter" / "adapter_model.safetensors") for run in (one, two))
    assert max(float((first[name] - second[name]).abs().max()) for name in first) < 1e-4
    assert any(float(value.abs().max()) > 1e-3 for name, value in first.items() if "lora_B" in name)  # it was trained
    assert sorted(path.name for path in one.folder.iterdir()) == sorted(path.name for path in two.folder.iterdir())
    assert two.status == "finished" and two.log().count("distill: ") == 1
    torch.testing.assert_close(
        torch.tensor(two.table("difficulty_history")["difficulty"].to_numpy()),
        torch.tensor(one.table("difficulty_history")["difficulty"].to_numpy()),
        atol=1e-4, rtol=0,
    )  # fmt: skip
