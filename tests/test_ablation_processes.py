"""An ablation by two processes: the tables of one, nothing computed twice, and whatever dies keeps nothing else."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

import psutil
import pytest
import torch
from safetensors.torch import load_file

from kpod import ablation_processes
from kpod.ablation import run_ablation, start_ablation
from kpod.ablation_processes import check_processes
from kpod.ablation_store import TABLES, Ablation, load_ablation
from kpod.ablation_worker import Orders, WorkerReporter
from kpod.errors import InputError, RunCancelled
from kpod.run_store import create_run, load_run, read_state
from tests.support.tiny_runs import kpod_command, kpod_environment, tiny_config, write_questions

METHODS = ("kpod", "plain", "kpod-prog")
PATIENCE_SECONDS = 120.0


@pytest.mark.parametrize("processes", [0, -1, 5])
def test_how_many_there_can_be(monkeypatch, processes):
    monkeypatch.setattr(ablation_processes, "usable_cores", lambda: 4)
    check_processes(1)
    check_processes(4)
    with pytest.raises(InputError, match=f"processes is {processes}; .* 4 can be used here. Give 1 to 4"):
        check_processes(processes)


def test_every_worker_has_its_share_of_the_cores(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    monkeypatch.setenv("NUMBA_NUM_THREADS", "16")
    found = ablation_processes._environment(3)
    assert (found["OMP_NUM_THREADS"], found["MKL_NUM_THREADS"], found["NUMBA_NUM_THREADS"]) == ("2", "3", "3")


@pytest.fixture
def cores(monkeypatch):
    monkeypatch.setattr(ablation_processes, "usable_cores", lambda: 2)


@pytest.fixture(scope="module")
def config(tmp_path_factory, tiny_llama_folder):
    folder = tmp_path_factory.mktemp("processes")
    source = write_questions(folder / "questions.jsonl", trained=2, measured=1)
    return tiny_config(source, tiny_llama_folder, evaluation={"max_new_tokens": 2}, name="Two at a time")


@pytest.fixture(scope="module")
def long_config(config):
    """The same in many steps of milliseconds, so that a run can be met at work."""
    distillation = {"epochs": 400, "batch_size": 1, "probe_questions": 1, "checkpoint_seconds": 1.0}
    values = config.distillation.model_copy(update=distillation)
    return config.model_copy(update={"distillation": values})


def tables(ablation: Ablation) -> dict[str, str]:
    """All tables, without what every machine takes of its own."""
    found = {name: ablation.table(name) for name in TABLES}
    for name, table in found.items():
        found[name] = table[[column for column in table if not column.startswith("seconds")]].to_csv()
    return found


@pytest.mark.slow
def test_two_processes_give_the_tables_of_one(config, tmp_path, cores):
    alone = run_ablation(start_ablation(tmp_path / "alone", config, METHODS, [0, 1]), io.StringIO())
    said = io.StringIO()
    together = run_ablation(start_ablation(tmp_path / "together", config, METHODS, [0, 1]), said, processes=2)
    assert tables(load_ablation(together.folder)) == tables(load_ablation(alone.folder))
    for cell in together.matrix():
        weights = "adapter/adapter_model.safetensors"
        ours, theirs = load_file(cell.folder / weights), load_file(alone.folder / cell.folder.name / weights)
        # Workers have fewer threads each: sums may end in other last bits.
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-5)

    logs = [(cell.folder / "log.txt").read_text() for cell in together.matrix()]
    made = Counter(name for log in logs for name in re.findall(r"(?m)^\S+ ([a-z ]+): \S.*, peak memory", log))
    once_in_all = dict.fromkeys(("prepare", "evaluation set", "losses", "evaluate base"), 1)
    once_a_seed = dict.fromkeys(("cluster", "map", "weights"), 2)
    assert made == once_in_all | once_a_seed | {"difficulty": 3, "distill": 6, "evaluate": 6, "schedule": 6}

    lines = said.getvalue().splitlines()
    assert lines[0] == "0 of 6 runs done; at work: kpod, seed 0"
    assert lines[1].startswith("0 of 6 runs done; at work: kpod, seed 0") and "; kpod, seed 1" in lines[1]
    assert re.match(r"[1-5] of 6 runs done, \d+ s left; at work: ", lines[-1])
    state = load_ablation(together.folder).state
    assert state.status == "finished" and state.progress["done"] == 6 and state.progress["current"] is None
    assert not (tmp_path / "together" / "worker1.txt").read_text().count("Traceback")
    assert run_ablation(load_ablation(together.folder), said, processes=2).status == "finished"  # nothing to do


@pytest.mark.slow
def test_a_run_that_fails_does_not_keep_the_others(config, tmp_path, cores):
    ablation = start_ablation(tmp_path / "failing", config, ("mcc-kd", "plain", "kpod-sig"), [0])
    said = io.StringIO()
    with pytest.raises(InputError, match=r"1 of 3 runs failed; the others are done\.\nmcc-kd-seed0: None of the 2"):
        run_ablation(ablation, said, processes=2)
    failed = load_ablation(ablation.folder)
    assert failed.status == "failed" and set(failed.state.finished_runs) == {"plain-seed0", "kpod-sig-seed0"}
    assert "FAILED mcc-kd, seed 0: None of the 2" in said.getvalue()
    (ablation.folder / "mcc-kd-seed0" / "run.json").write_text("{")  # a mistake of ours, or of the disk
    with pytest.raises(InputError, match=r"mcc-kd-seed0: .*damaged"):
        run_ablation(failed, said, processes=2)


class Started:
    """`python -m kpod ablate ... --processes 2` at work, and its workers."""

    def __init__(self, *arguments: object):
        command = kpod_command("ablate", *arguments, "--processes", 2)
        self.process = subprocess.Popen(
            command, env=kpod_environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True,
        )  # fmt: skip

    def workers(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children()

    def end(self) -> tuple[int, str]:
        _, said = self.process.communicate(timeout=PATIENCE_SECONDS)
        return self.process.returncode, said


def wait_for(what) -> None:
    limit = time.monotonic() + PATIENCE_SECONDS
    while not what():
        assert time.monotonic() < limit, "it did not come"
        time.sleep(0.05)


def distils(folder: Path) -> bool:
    """Whether a run is some steps into its distillation."""
    if not (folder / "run.json").is_file():
        return False
    progress = read_state(folder).progress or {}
    return progress.get("stage") == "distill" and progress["done"] > 5


@pytest.fixture
def at_work(long_config, tmp_path, monkeypatch):
    """Two runs of an ablation at work in two processes; whatever is left of them is ended afterwards."""
    if ablation_processes.usable_cores() < 2:
        pytest.skip("two processes need two cores")
    ablation = start_ablation(tmp_path / "ablation", long_config, ("plain",), [0, 1, 2])
    started = Started("--resume", ablation.folder)
    wait_for(lambda: all(distils(ablation.folder / f"plain-seed{seed}") for seed in (0, 1)))
    workers = started.workers()
    assert len(workers) == 2
    yield ablation, started, workers
    for process in [started.process, *workers]:
        if isinstance(process, subprocess.Popen) or process.is_running():
            process.kill()


def statuses(ablation: Ablation) -> dict[str, str]:
    return {run.folder.name: run.status for run in ablation.runs()}


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_all_and_any_number_goes_on(at_work, number, cores):
    ablation, started, workers = at_work
    with pytest.raises(InputError, match="is running in another process"):
        run_ablation(load_ablation(ablation.folder), io.StringIO())
    started.process.send_signal(number)
    code, said = started.end()
    assert code == 130 and "Go on with: python -m kpod ablate --resume" in said and "Traceback" not in said
    assert not any(worker.is_running() for worker in workers)
    assert load_ablation(ablation.folder).status == "cancelled"
    assert statuses(ablation) == {"plain-seed0": "cancelled", "plain-seed1": "cancelled"}
    if number == signal.SIGTERM:
        return
    run_ablation(load_ablation(ablation.folder), io.StringIO())
    assert statuses(ablation) == dict.fromkeys(("plain-seed0", "plain-seed1", "plain-seed2"), "finished")
    steps = load_run(ablation.folder / "plain-seed0").metrics.query("stage == 'distill'")["step"]
    assert steps.is_monotonic_increasing and steps.is_unique
    assert "Resuming" in (ablation.folder / "plain-seed0" / "log.txt").read_text()


@pytest.mark.slow
def test_a_worker_that_dies_costs_its_run_alone(at_work):
    ablation, started, workers = at_work
    victim = workers[0]
    victim.kill()
    code, said = started.end()
    assert code == 2
    died, (lost, error) = "Its process ended with status -9; see worker", *json_error(ablation)
    assert error.startswith(died) and f"FAILED plain, seed {lost[-1]}: {died}" in said
    assert len(load_ablation(ablation.folder).state.finished_runs) == 2
    assert sorted(statuses(ablation).values()) == ["died", "finished", "finished"]


def json_error(ablation: Ablation) -> list[tuple[str, str]]:
    lines = json.loads((ablation.folder / "ablation.json").read_text())["error"].splitlines()
    return [tuple(line.split(": ", 1)) for line in lines]


@pytest.mark.slow
def test_workers_stop_where_the_first_process_dies(at_work):
    ablation, started, workers = at_work
    started.process.kill()
    wait_for(lambda: not any(worker.is_running() for worker in workers))
    assert load_ablation(ablation.folder).status == "died"
    assert set(statuses(ablation).values()) == {"cancelled"}


@pytest.mark.slow
def test_a_file_stops_them_too(at_work):
    ablation, started, _ = at_work
    (ablation.folder / "cancel").touch()
    code, _ = started.end()
    assert code == 130 and set(statuses(ablation).values()) == {"cancelled"}
    assert load_ablation(ablation.folder).status == "cancelled"


def test_a_worker_stops_where_its_orders_end_and_not_by_the_file(config, tmp_path):
    """The first process may not have seen the file yet, and would take a run that has stopped for one that failed."""
    ablation = start_ablation(tmp_path / "orders", config, ("plain",), [0])
    (ablation.folder / "cancel").touch()
    run = create_run(ablation.folder / "plain-seed0", config)
    reading, writing = os.pipe()
    with open(reading, "rb", buffering=0) as stream:
        orders = Orders(stream)
        assert not WorkerReporter(run, orders).cancelled()
        os.close(writing)
        wait_for(lambda: orders.closed)
        assert WorkerReporter(run, orders).cancelled()


@pytest.mark.slow
def test_a_second_wish_ends_them_at_once(config, tmp_path, cores, monkeypatch):
    class AtOnce(ablation_processes.StopWish):
        @property
        def asked(self):
            self.at_once = True
            return True

    monkeypatch.setattr(ablation_processes, "StopWish", AtOnce)
    ablation = start_ablation(tmp_path / "at-once", config, ("plain", "kpod"), [0])
    with pytest.raises(RunCancelled, match=r"Interrupted\. Go on with"):
        run_ablation(ablation, io.StringIO(), processes=2)
    assert load_ablation(ablation.folder).status == "cancelled"
    living = [each for each in psutil.Process().children() if each.status() != psutil.STATUS_ZOMBIE]
    assert not [each for each in living if "kpod.ablation_worker" in each.cmdline()]
