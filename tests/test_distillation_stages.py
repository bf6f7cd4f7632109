"""Every method end to end on a tiny student: what it is trained on, and that it is measured afterwards."""

from __future__ import annotations

import io
import json
import shutil

import pytest

from kpod import methods
from kpod.artefacts import read_parquet
from kpod.config import override
from kpod.curriculum.rivals import CURRICULA
from kpod.errors import InputError
from kpod.pipeline import run_pipeline
from kpod.run_curriculum import dry_run
from kpod.run_reporter import RunReporter
from kpod.run_store import create_run, load_run
from tests.support.tensorboard_reading import read_events
from tests.support.tiny_runs import tiny_config, write_questions

pytestmark = pytest.mark.slow

TRAINED, EPOCHS, STAGES = 2, 4, 2  # few enough that the map needs no UMAP


def with_further_rationales(source):
    """Alternatives and a counterfactual for the first question."""
    rows = [json.loads(line) for line in source.read_text().splitlines()]
    for row in rows[:1]:
        row["rationales"] = [row["rationale"], f"Let us see. {row['rationale']}", f"So: {row['rationale']}"]
    rows[0] |= {"counterfactual_rationale": "Then 90 + 9 = 99 are there.", "counterfactual_answer": "99"}
    source.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return source


@pytest.fixture(scope="module")
def finished(tmp_path_factory, tiny_llama_folder):
    folder = tmp_path_factory.mktemp("methods")
    source = with_further_rationales(write_questions(folder / "questions.jsonl", trained=TRAINED, measured=1))
    settings = {
        "distillation": {"epochs": EPOCHS, "probe_questions": 1},
        "curriculum": {"num_stages": STAGES, "delta_s": 9},
        "evaluation": {"max_new_tokens": 2, "base_student": False},
    }
    run = create_run(folder / "run", tiny_config(source, tiny_llama_folder, **settings))
    run_pipeline(run, RunReporter(run, io.StringIO()))
    return run.folder


def trained_by(finished, folder, *settings):
    """A copy of the finished run, trained again by other settings."""
    run = load_run(shutil.copytree(finished, folder / "run"))
    run.config = override(run.config, list(settings))
    run_pipeline(run, RunReporter(run, io.StringIO()))
    return load_run(run.folder)


def rows_of(run):
    """What the training logged."""
    return run.metrics.query("stage == 'distill'")


@pytest.mark.parametrize("method", sorted(methods.METHODS))
def test_a_run_by_every_method(finished, tmp_path, method):
    run = trained_by(finished, tmp_path, f"method={method}")
    assert run.status == "finished" and run.state.summary["accuracy"]["questions"] == 1
    assert run.state.summary["supervised_tokens"] == rows_of(run)["supervised_tokens"].sum()
    plan = run.table("training_plan")
    assert sorted(plan["epoch"].unique()) == list(range(1, EPOCHS + 1)) and len(plan) == EPOCHS * TRAINED
    after = plan[plan["epoch"] >= STAGES]
    assert (after["input_steps"] == 0).all() and (after["participation"] == 1).all()
    first = plan[plan["epoch"] == 1]
    curriculum = methods.get(method).curriculum
    if curriculum in ("kpod", "random", "in_sample"):
        assert (first["input_steps"] > 0).any() and (first["participation"] == 1).all()
    elif curriculum == "none":
        assert (first["input_steps"] == 0).all() and (first["participation"] == 1).all()
    else:
        assert (first["input_steps"] == 0).all() and 0 < first["participation"].sum() < TRAINED
    assert set(CURRICULA) >= {curriculum}
    # The schedule that the app shows is the one that was followed.
    shown = run.schedule["input_steps"].to_numpy().reshape(STAGES + 1, TRAINED)[1:]
    assert (plan["input_steps"].to_numpy().reshape(EPOCHS, TRAINED)[:STAGES] == shown).all()


def test_what_the_objectives_are_given(finished, tmp_path):
    by_method = {
        method: trained_by(finished, tmp_path / method, f"method={method}")
        for method in ("plain", "answer-only", "mcc-kd", "scott")
    }
    tokens = {method: run.state.summary["supervised_tokens"] for method, run in by_method.items()}
    assert tokens["answer-only"] < tokens["plain"] < tokens["scott"] < tokens["mcc-kd"]
    alternatives = read_parquet(by_method["mcc-kd"].folder / "further_rationales.parquet")
    assert alternatives["question_index"].tolist() == [0, 0]
    assert by_method["mcc-kd"].state.summary["further_rationales"] == 2
    assert read_parquet(by_method["scott"].folder / "further_rationales.parquet")["answer"].tolist() == ["99"]
    # In every epoch: the counterfactual answer, its full stop and the end.
    more = tokens["scott"] - tokens["plain"]
    assert more % EPOCHS == 0 and 3 <= more // EPOCHS <= 4


def test_a_method_without_its_rationales_is_refused(tmp_path, tiny_llama_folder):
    source = write_questions(tmp_path / "questions.jsonl", trained=2, measured=1)
    run = create_run(tmp_path / "run", tiny_config(source, tiny_llama_folder, method="mcc-kd"))
    with pytest.raises(InputError, match=r"None of the 2 training .* kind alternative .*its row needs `rationales`"):
        run_pipeline(run, RunReporter(run, io.StringIO()))


def test_as_many_tokens_as_whole_epochs_give(finished, tmp_path):
    run = trained_by(finished, tmp_path, "distillation.length=tokens")
    whole = trained_by(finished, tmp_path / "plain", "method=plain").state.summary["supervised_tokens"]
    given = rows_of(run)["supervised_tokens"].tolist()
    assert sum(given) >= whole > sum(given[:-1])
    assert run.table("training_plan")["epoch"].max() > EPOCHS  # the curriculum left tokens out
    rates = rows_of(run)["learning_rate"].tolist()
    assert rates.index(max(rates)) < 3 and rates[-1] == min(rates)
    assert run.difficulty_history["epoch"].max() == run.table("training_plan")["epoch"].max()


def test_full_training_saves_a_student_that_is_measured(finished, tmp_path):
    run = trained_by(finished, tmp_path, "distillation.tuning=full", "distillation.learning_rate=1e-3")
    assert {path.name for path in (run.folder / "student").iterdir()} >= {"config.json", "model.safetensors"}
    assert not (run.folder / "adapter").exists()
    assert run.status == "finished" and run.state.summary["accuracy"]["questions"] == 1
    losses = rows_of(run)["loss"].tolist()
    assert losses[-1] < losses[0]


@pytest.mark.parametrize(("stage", "loss"), [("weights", "nll_random"), ("distill", "loss")])
def test_metrics_tell_time_left_and_memory_and_go_to_tensorboard_too(finished, stage, loss):
    run = load_run(finished)
    rows = run.metrics.query(f"stage == '{stage}'")
    assert (rows["memory_bytes"] > 1e7).all() and (rows["seconds_left"] >= 0).all() and (rows["seconds"] > 0).all()
    assert rows["seconds_left"].iloc[-1] == 0
    events = read_events(run.folder / "tensorboard" / stage)
    for name in (loss, "learning_rate", "tokens", "memory_bytes", "seconds_left"):
        logged = rows[rows[name].notna()]
        expected = [(row.step, pytest.approx(getattr(row, name), rel=1e-6)) for row in logged.itertuples()]
        assert len(expected) and events[f"{stage}/{name}"] == expected


def test_no_events_where_they_are_not_wanted(finished, tmp_path):
    run = trained_by(finished, tmp_path, "distillation.tensorboard=false", "distillation.learning_rate=1e-3")
    # Those of mask learning are still of what the run holds; those of the training before are gone with it.
    assert [path.name for path in (run.folder / "tensorboard").iterdir()] == ["weights"]


def test_the_dry_run_is_of_kpods_schedule_alone(finished):
    run = load_run(finished)
    assert dry_run(run, override(run.config, ["method=plain"]))
    with pytest.raises(InputError, match=r"'kpod\+icl' follows another curriculum .*--set method=kpod"):
        dry_run(run, override(run.config, ["method=kpod+icl"]))
