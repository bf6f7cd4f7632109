"""Checks before a run: what would fail is told, and the estimate follows what earlier runs took."""

from __future__ import annotations

import shutil

import pytest

from kpod.config import override
from kpod.preflight import check, estimate
from kpod.question_clustering import glove
from kpod.run_store import load_run
from tests.support.tiny_runs import tiny_config, write_questions


@pytest.fixture
def config(tmp_path, tiny_llama_folder):
    return tiny_config(write_questions(tmp_path / "questions.jsonl", trained=6, measured=2), tiny_llama_folder)


def told(result):
    return {(problem.severity, problem.setting) for problem in result.problems}


def test_a_run_that_can_start(config, tmp_path):
    result = check(config, runs=tmp_path)
    assert result.ok and not [problem for problem in result.problems if problem.severity == "error"]
    found = result.estimates
    assert found.data.questions == 6 and found.data.evaluation_questions == 2 and found.device == "cpu"
    assert 0 < found.low_seconds < found.seconds < found.high_seconds
    assert {stage.stage for stage in found.stages} >= {"prepare", "cluster", "map", "weights", "distill", "evaluate"}
    assert found.memory_bytes > 0 and 0 < found.disk_bytes < found.free_disk_bytes and not found.download_bytes


@pytest.mark.parametrize(
    ("setting", "named"),
    [
        ("data.source=missing.jsonl", "data.source"),
        ("data.train_split=dev", "data.source"),
        ("student.name=no-such-student", "student.name"),
        ("method=kpood", "method"),
        ("student.device=cuda:7", "student.device"),
        ("distillation.lora_targets=nothing", "distillation.lora_targets"),
    ],
)
def test_what_would_fail_is_told_by_its_setting(config, tmp_path, setting, named):
    result = check(override(config, [setting]), runs=tmp_path)
    assert not result.ok and ("error", named) in told(result)


@pytest.mark.parametrize("at_hand", [True, False])
def test_word_vectors_that_are_nowhere_are_told(config, tmp_path, monkeypatch, at_hand):
    (tmp_path / "vectors.npz").write_bytes(b"x")
    monkeypatch.setattr(glove, "_package_folder", lambda: None)
    monkeypatch.setattr(glove, "DATA_FOLDER_FILE", tmp_path / ("vectors.npz" if at_hand else "nowhere"))
    result = check(override(config, ["clustering.embedding=glove"]), runs=tmp_path)
    assert result.ok == at_hand and (("error", "clustering.embedding") in told(result)) != at_hand
    result = check(override(config, ["clustering.embedding=glove", "clustering.glove_path=~/none"]), runs=tmp_path)
    assert ("error", "clustering.glove_path") in told(result)
    assert check(override(config, ["clustering.embedding=auto"]), runs=tmp_path).ok


@pytest.mark.parametrize(("embedding", "ok"), [("auto", False), ("tfidf", True), ("student", True)])
def test_word_vectors_that_nothing_reads_may_be_missing(config, tmp_path, embedding, ok):
    settings = [f"clustering.embedding={embedding}", "clustering.glove_path=missing.txt"]
    result = check(override(config, settings), runs=tmp_path)
    assert result.ok == ok and (("error", "clustering.glove_path") in told(result)) != ok


def test_everything_too_long_is_told_with_the_shortest(config, tmp_path):
    result = check(override(config, ["student.max_tokens=20"]), runs=tmp_path)
    assert ("error", "student.max_tokens") in told(result) and result.estimates is None


def test_an_encoder_decoder_student_can_start(config, tmp_path, tiny_t5_folder):
    t5 = override(config, [f"student.name={tiny_t5_folder}", "distillation.lora_targets='q,v'"])
    for given_steps in ("decoder_prefix", "encoder_input"):
        result = check(override(t5, [f"distillation.given_steps={given_steps}"]), runs=tmp_path)
        assert result.ok and result.estimates is not None, result.problems
    # The table of relative positions is no matrix for an adapter.
    result = check(override(t5, ["distillation.lora_targets=relative_attention_bias"]), runs=tmp_path)
    assert ("error", "distillation.lora_targets") in told(result)


def test_a_causal_student_that_shall_read_given_steps_elsewhere_is_told(config, tmp_path):
    result = check(override(config, ["distillation.given_steps=encoder_input"]), runs=tmp_path)
    assert not result.ok and ("error", "distillation.given_steps") in told(result)


@pytest.mark.slow
def test_a_finished_run_tells_how_long_the_next_takes(tiny_run):
    """The rate measured on a run, asked about the same run again, gives the times that it recorded."""
    run = load_run(tiny_run)
    found = check(run.config, runs=run.folder.parent).estimates
    assert run.name in found.basis
    times = {stage.stage: stage.seconds for stage in found.stages}
    for stage in ("weights", "distill"):
        recorded = run.state.stages[stage].seconds
        assert times[stage] == pytest.approx(recorded, rel=0.5), stage


@pytest.mark.slow
def test_what_a_finished_run_took_foretells_a_longer_one(tiny_run):
    """Three times the epochs, three times the work: scaled from the record, with a range around it."""
    run = load_run(tiny_run)
    longer = override(run.config, [f"distillation.epochs={3 * run.config.distillation.epochs}"])
    once, thrice = (check(config, runs=run.folder.parent).estimates for config in (run.config, longer))
    times = [{stage.stage: stage for stage in found.stages} for found in (once, thrice)]
    assert times[1]["distill"].seconds == pytest.approx(3 * times[0]["distill"].seconds)
    assert times[1]["weights"] == times[0]["weights"]
    recorded = 3 * run.state.stages["distill"].seconds
    assert times[1]["distill"].low < recorded < times[1]["distill"].high


@pytest.mark.slow
def test_an_interrupted_stage_is_no_measure(tiny_run, tmp_path):
    folder = shutil.copytree(tiny_run, tmp_path / "runs" / "resumed")
    load_run(folder).append_log("Resuming distillation after step 3 of 20.")
    found = check(load_run(folder).config, runs=folder.parent).estimates
    assert "a matrix product" in found.basis and "earlier runs of this student" in found.basis  # evaluation was whole


def test_mask_learning_from_half_of_the_questions_takes_half_the_time(config, tmp_path):
    estimates = [
        check(override(config, [f"weights.max_questions={most}"]), runs=tmp_path).estimates
        for most in ("null", 3, 6, 7)
    ]
    seconds = [{stage.stage: stage.seconds for stage in each.stages} for each in estimates]
    assert seconds[1]["weights"] == pytest.approx(seconds[0]["weights"] / 2)
    assert seconds[2] == seconds[3] == seconds[0]
    assert {stage for stage in seconds[0] if seconds[0][stage] != seconds[1][stage]} == {"weights"}


def test_full_training_takes_more_of_everything(config, tmp_path):
    adapter = check(config, runs=tmp_path).estimates
    everything = check(override(config, ["distillation.tuning=full"]), runs=tmp_path).estimates
    times = [{stage.stage: stage.seconds for stage in found.stages} for found in (adapter, everything)]
    assert times[1]["distill"] > 1.2 * times[0]["distill"] and times[1]["weights"] == times[0]["weights"]
    assert everything.memory_bytes > adapter.memory_bytes and everything.disk_bytes > adapter.disk_bytes


def test_a_student_that_is_not_here_is_told_with_its_size(config, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    result = check(override(config, ["student.name=qwen2.5-1.5b", "data.task=arithmetic"]), runs=tmp_path)
    assert ("warning", "student.name") in told(result) and result.estimates.download_bytes > 2e9
    assert result.estimates.memory_high_bytes > result.estimates.memory_bytes > 6e9  # 1.5 billion weights, float32
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert ("error", "student.name") in told(check(override(config, ["student.name=qwen2.5-1.5b"]), runs=tmp_path))


def test_a_run_that_does_not_fit_is_refused(config, tmp_path, monkeypatch):
    monkeypatch.setattr(estimate, "free_memory_bytes", lambda: 1_000_000)
    assert ("error", "memory") in told(check(config, runs=tmp_path))


def test_the_command_prints_problems_and_estimate_and_starts_nothing(kpod, config, tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text(config.to_yaml())
    code, printed, said = kpod("run", "--config", path, "--dry-run")
    assert code == 0, said
    assert "6 questions" in printed and "distill" in printed and "disk:" in printed
    assert not (tmp_path / "runs").exists() or not list((tmp_path / "runs").iterdir())
    code, printed, _ = kpod("run", "--config", path, "--dry-run", "--set", "method=kpood")
    assert code == 1 and "error: method" in printed


def test_further_evaluation_sets_and_samples_count(config, tmp_path):
    """Two further questions make 4 of 2, and three samples three times the outputs."""
    more = write_questions(tmp_path / "more.jsonl", trained=1, measured=3)
    one = check(config, runs=tmp_path).estimates
    both = override(config, [f"data.evaluation_sets=[{{source: {more}, limit: 2}}]", "evaluation.batch_size=64"])
    found = check(both, runs=tmp_path).estimates
    assert (one.data.evaluation_questions, found.data.evaluation_questions) == (2, 4)
    sampled = check(override(both, ["evaluation.samples=30"]), runs=tmp_path).estimates
    seconds = [next(stage.seconds for stage in each.stages if stage.stage == "evaluate") for each in (found, sampled)]
    assert seconds[1] > 10 * seconds[0]
    result = check(override(config, ["data.evaluation_sets=[missing.jsonl]"]), runs=tmp_path)
    assert not result.ok and ("error", "data.evaluation_sets") in told(result)
