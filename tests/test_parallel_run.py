"""Two processes on one run: the losses, the student and the files of one process; and when one of them is lost."""

from __future__ import annotations

import io
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from kpod import jobs
from kpod.pipeline import run_pipeline
from kpod.run_reporter import RunReporter
from kpod.run_store import Run, create_run, load_run
from tests.support.tiny_runs import ROOT, kpod_command, kpod_environment, tiny_config, write_questions

PATIENCE_SECONDS = 120.0
TOLERANCE = 1e-4  # gradients are summed in another order than one process sums them


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
    np.testing.assert_allclose(losses_of(two), losses_of(one), rtol=0, atol=TOLERANCE)
    assert one.state.summary["supervised_tokens"] == two.state.summary["supervised_tokens"]
    for column in ("tokens", "supervised_tokens", "learning_rate", "epoch"):
        assert two.metrics[column].equals(one.metrics[column]), column
    first, second = (load_file(run.folder / "adapter" / "adapter_model.safetensors") for run in (one, two))
    assert max(float((first[name] - second[name]).abs().max()) for name in first) < TOLERANCE
    assert any(float(value.abs().max()) > 1e-3 for name, value in first.items() if "lora_B" in name)  # it was trained
    assert sorted(path.name for path in one.folder.iterdir()) == sorted(path.name for path in two.folder.iterdir())
    assert two.status == "finished" and two.log().count("distill: ") == 1
    torch.testing.assert_close(
        torch.tensor(two.table("difficulty_history")["difficulty"].to_numpy()),
        torch.tensor(one.table("difficulty_history")["difficulty"].to_numpy()),
        atol=TOLERANCE, rtol=0,
    )  # fmt: skip


@pytest.fixture(scope="module")
def alone(tmp_path_factory, tiny_llama_folder) -> Run:
    """A run of two questions, one for each of two processes, by one process; and long enough to be met within."""
    folder = tmp_path_factory.mktemp("alone")
    config = tiny_config(
        write_questions(folder / "questions.jsonl", trained=2, measured=1),
        tiny_llama_folder,
        weights={"epochs": 1, "warmup_epochs": 0},
        distillation={"epochs": 150, "accumulation": 2, "batch_size": 1, "checkpoint_seconds": 0.1},
        evaluation={"base_student": False, "max_new_tokens": 4},
    )
    (folder / "config.yaml").write_text(config.to_yaml(), encoding="utf-8")
    run = create_run(folder / "run", config)
    run_pipeline(run, RunReporter(run, io.StringIO()))
    return run


def assert_learned_as(run: Run, other: Run) -> None:
    assert run.status == "finished"
    assert run.metrics.query("stage == 'distill'")["step"].tolist() == list(range(1, 151))  # no gap, none twice
    np.testing.assert_allclose(losses_of(run), losses_of(other), rtol=0, atol=TOLERANCE)
    assert losses_of(run)[-1] < 0.9 * losses_of(run)[0]
    first, second = (load_file(each.folder / "adapter" / "adapter_model.safetensors") for each in (run, other))
    assert max(float((first[name] - second[name]).abs().max()) for name in first) < 10 * TOLERANCE


@contextmanager
def two_processes(folder: Path, *arguments: object) -> Iterator[list[subprocess.Popen[bytes]]]:
    """The processes that torchrun would start, without torchrun, which ends them all where one has ended.

    What each says is in `said-0` and `said-1` of the folder.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        together = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free.getsockname()[1])}
    together |= {"WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2"}
    started = []
    try:
        for rank in ("0", "1"):
            with open(folder / f"said-{rank}", "wb") as said:
                environment = kpod_environment() | together | {"RANK": rank, "LOCAL_RANK": rank}
                started.append(
                    subprocess.Popen(
                        kpod_command(*arguments), env=environment, stdin=subprocess.DEVNULL, stdout=said, stderr=said
                    )
                )
        yield started
    finally:
        for process in started:
            process.kill()
            process.wait()


@pytest.mark.slow
@pytest.mark.parametrize(("lost", "status"), [(0, "died"), (1, "failed")], ids=["the first", "the second"])
def test_where_one_process_is_lost_the_other_ends_and_the_run_goes_on_alone(tmp_path, alone, lost, status):
    together = tmp_path / "together"
    with two_processes(tmp_path, "run", "--config", alone.folder.parent / "config.yaml", "--out", together) as both:
        limit = time.monotonic() + PATIENCE_SECONDS
        while not list(together.glob("checkpoints/distill-*/step-*")):
            assert [process.poll() for process in both] == [None, None] and time.monotonic() < limit
            time.sleep(0.005)
        both[lost].kill()
        other = both[1 - lost]
        assert other.wait(PATIENCE_SECONDS) == 2
    said = (tmp_path / f"said-{1 - lost}").read_text(encoding="utf-8")
    assert re.search(r"Error: .*Another process of this training has ended \([^()]*\)\. Its own output says why", said)
    assert "Traceback" not in said and ".cc:" not in said  # nor where in its source the back end found out
    run = load_run(together)
    assert jobs.state(run).status == status
    run_pipeline(run, RunReporter(run, io.StringIO()))
    found = re.search(r"Resuming distillation after step (\d+) of 150", run.log())
    assert found and 0 < int(found[1]) < 150
    assert_learned_as(run, alone)


@pytest.mark.slow
@pytest.mark.parametrize("stage", ["weights", "distill"])
def test_ctrl_c_stops_both_and_neither_says_that_the_other_was_lost(tmp_path, alone, stage):
    together, changes = tmp_path / "together", ["--set", f"weights.epochs={1000 if stage == 'weights' else 1}"]
    config = ("--config", alone.folder.parent / "config.yaml")
    with two_processes(tmp_path, "run", *config, *changes, "--out", together) as both:
        limit, metrics = time.monotonic() + PATIENCE_SECONDS, together / "metrics.jsonl"
        while not metrics.is_file() or f'"stage": "{stage}"' not in metrics.read_text(encoding="utf-8"):
            assert [process.poll() for process in both] == [None, None] and time.monotonic() < limit
            time.sleep(0.005)
        for process in both:  # as a terminal sends it
            process.send_signal(signal.SIGINT)
        assert [process.wait(PATIENCE_SECONDS) for process in both] == [130, 130]
    first, second = ((tmp_path / f"said-{rank}").read_text(encoding="utf-8") for rank in (0, 1))
    assert "Stopped in " in first and "The run was stopped" in second
    assert "Another process" not in first + second and "Traceback" not in first + second
    assert load_run(together).status == "cancelled"


@pytest.mark.slow
def test_accelerate_starts_two_processes_without_a_gpu(tmp_path, alone):
    """By --multi_gpu; with --cpu it starts one process, whatever --num_processes says."""
    command = [sys.executable, "-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", "2"]
    command += ["--main_process_port", "0", "-m", "kpod", "run", "--config", str(alone.folder.parent / "config.yaml")]
    environment = kpod_environment() | {"HF_HOME": str(tmp_path)}  # no defaults of whoever runs the tests
    done = subprocess.run(
        [*command, "--out", str(tmp_path / "run")], env=environment, cwd=ROOT, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert_learned_as(load_run(tmp_path / "run"), alone)
