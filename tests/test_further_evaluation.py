"""Runs on several evaluation sets, and finished runs measured on further ones: nothing is trained or asked twice."""

from __future__ import annotations

import io
import json
import shutil

import pandas as pd
import pytest
from typer.testing import CliRunner

from kpod import evaluation_stages
from kpod.cli import app
from kpod.errors import InputError
from kpod.further_evaluation import evaluate_on, with_sets
from kpod.pipeline import due_stages, run_pipeline
from kpod.run_reporter import RunReporter
from kpod.run_store import create_run, load_run
from tests.support.tiny_runs import tiny_config, write_questions

pytestmark = pytest.mark.slow

MEASURED = {"evaluation set", "map", "evaluate base", "evaluate"}


def write_set(path, count, first=0):
    """Questions with no split and no rationale."""
    rows = [
        {"id": f"{path.stem}-{number}", "question": f"What is {number} plus 1?", "answer": str(number + 1)}
        for number in range(first, first + count)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


@pytest.fixture(scope="module")
def finished(tmp_path_factory, tiny_llama_folder):
    folder = tmp_path_factory.mktemp("further")
    source = write_questions(folder / "questions.jsonl", trained=2, measured=2)
    near = write_set(folder / "near.jsonl", 2)
    config = tiny_config(source, tiny_llama_folder, data={"evaluation_sets": [near]}, method="plain")
    run = create_run(folder / "run", config)
    run_pipeline(run, RunReporter(run, io.StringIO()))
    return run.folder


@pytest.fixture
def run(finished, tmp_path):
    return load_run(shutil.copytree(finished, tmp_path / "run"))


@pytest.fixture
def asked(monkeypatch):
    """The texts that a student is asked."""
    texts = []
    generate = evaluation_stages.generate_outputs

    def listening(model, tokenizer, questions, **options):
        texts.extend(questions)
        return generate(model, tokenizer, questions, **options)

    monkeypatch.setattr(evaluation_stages, "generate_outputs", listening)
    return texts


def counts(run):
    table = run.predictions
    return table.groupby(["epoch", "evaluation_set"], sort=False).size().to_dict()


def test_one_run_measures_all_sets(finished):
    run = load_run(finished)
    assert counts(run) == {(0, "questions:test"): 2, (0, "near:all"): 2, (2, "questions:test"): 2, (2, "near:all"): 2}
    summary = run.state.summary
    assert list(summary["accuracy_by_set"]) == list(summary["base_accuracy_by_set"]) == ["questions:test", "near:all"]
    assert summary["accuracy"] == summary["accuracy_by_set"]["questions:test"]
    assert summary["evaluation_questions"] == 4 and set(summary["evaluation_tasks"].values()) == {"arithmetic"}
    questions = run.questions
    assert questions["evaluation_set"].fillna("").tolist() == ["", "", *["questions:test"] * 2, *["near:all"] * 2]
    assert questions[["x", "y"]].notna().all(axis=None)


def test_further_sets_are_added_and_nothing_is_done_twice(run, asked, tmp_path):
    learned = (run.folder / "adapter" / "adapter_model.safetensors").read_bytes()
    before, records = run.predictions, run.state.stages
    evaluate_on(run, [write_set(tmp_path / "far.jsonl", 3, first=50)], RunReporter(run, io.StringIO()))
    after = load_run(run.folder)
    assert len(asked) == 6 and {text.split()[2] for text in asked} == {
        "50",
        "51",
        "52",
    }  # before and after distillation
    assert counts(after) == counts(load_run(run.folder)) and counts(after)[2, "far:all"] == 3
    kept = after.predictions[after.predictions["evaluation_set"] != "far:all"].reset_index(drop=True)
    assert kept.equals(before)
    assert list(after.state.summary["accuracy_by_set"]) == ["questions:test", "near:all", "far:all"]
    assert (run.folder / "adapter" / "adapter_model.safetensors").read_bytes() == learned
    same = {name for name, record in after.state.stages.items() if records[name] == record}
    assert set(after.state.stages) - same == MEASURED
    assert due_stages(after, after.config) == [] and after.status == "finished"


def test_a_set_that_is_taken_out_or_changed_leaves_no_answers(run, asked, tmp_path):
    run.config = run.config.model_copy(update={"data": run.config.data.model_copy(update={"evaluation_sets": None})})
    run_pipeline(run, RunReporter(run, io.StringIO()))
    assert not asked and set(run.predictions["evaluation_set"]) == {"questions:test"}
    assert "accuracy_by_set" not in run.state.summary and len(run.questions) == 4


def test_a_stopped_evaluation_keeps_the_sets_that_are_done(run, asked, tmp_path, monkeypatch):
    whole = evaluation_stages._outputs

    def failing(context, model, table):
        if table["evaluation_set"].iloc[0] == "b:all":
            raise RuntimeError("killed")
        return whole(context, model, table)

    sets = [write_set(tmp_path / f"{name}.jsonl", 2, first=first) for name, first in (("a", 50), ("b", 60))]
    monkeypatch.setattr(evaluation_stages, "_outputs", failing)
    with pytest.raises(RuntimeError):
        evaluate_on(run, sets, RunReporter(run, io.StringIO()))
    assert len(asked) == 2 and counts(run)[0, "a:all"] == 2
    monkeypatch.setattr(evaluation_stages, "_outputs", whole)
    run_pipeline(run, RunReporter(run, io.StringIO()))
    assert len(asked) == 8  # b before distillation, and both after it
    order = [(0, name) for name in ("questions:test", "near:all", "a:all", "b:all")]
    assert list(counts(run)) == [*order, *((2, name) for _, name in order)]


def test_what_would_train_again_is_refused_and_changes_nothing(run, tmp_path):
    far = write_set(tmp_path / "far.jsonl", 1)
    state = (run.folder / "run.json").read_bytes()
    run.config = run.config.model_copy(update={"seed": 5})
    with pytest.raises(InputError, match=r"The stages cluster, .*distill of run 'Tiny' are not of the"):
        evaluate_on(run, [far])
    run = load_run(run.folder)
    with pytest.raises(InputError, match=r"There is no file .*absent\.jsonl"):
        evaluate_on(run, [str(tmp_path / "absent.jsonl")])
    with pytest.raises(InputError, match=r"data\.evaluation_sets\.1\.sorce is no setting"):
        evaluate_on(run, [{"sorce": far}])
    assert (run.folder / "run.json").read_bytes() == state
    run.update(status="cancelled")
    with pytest.raises(InputError, match=r"Run 'Tiny' is cancelled, and only a finished one"):
        evaluate_on(run, [far])


def test_a_set_is_added_once(run):
    config = with_sets(run.config, ["x.jsonl", {"source": "x.jsonl"}, {"source": "x.jsonl", "limit": 3}])
    assert [each.limit for each in config.data.evaluation_sets[1:]] == [None, 3]
    assert with_sets(config, ["x.jsonl"]) == config


def test_the_command(run, tmp_path):
    far = write_set(tmp_path / "far.jsonl", 3, first=50)
    done = CliRunner().invoke(
        app, ["evaluate", str(run.folder), "--on", f"{{source: {far}, name: Far}}", "--limit", "2"]
    )
    assert done.exit_code == 0, done.output
    assert "Far: " in done.output and " of 2 (" in done.output
    shown = CliRunner().invoke(app, ["show", str(run.folder)]).output
    for name, count in (("questions:test", 2), ("near:all", 2), ("Far", 2)):
        for student in ("base student", "distilled"):
            assert f"{student} on {name}: " in shown and f" of {count} (" in shown, name
    with pytest.raises(InputError, match=r"--on '\{source: \[' is not valid YAML"):
        CliRunner().invoke(app, ["evaluate", str(run.folder), "--on", "{source: ["], catch_exceptions=False)


def test_samples_are_voted_on_and_kept(run, tmp_path):
    run.config = run.config.model_copy(
        update={"evaluation": run.config.evaluation.model_copy(update={"samples": 3, "temperature": 1.0})}
    )
    assert due_stages(run, run.config) == ["evaluate base", "evaluate"]
    run_pipeline(run, RunReporter(run, io.StringIO()))
    table = run.predictions
    assert len(table) == 8 and [len(several) for several in table["samples"]] == [3] * 8
    assert [output in several for output, several in zip(table["output"], table["samples"], strict=True)] == [True] * 8
    assert len({text for several in table["samples"] for text in several}) > 8
    for row in table.itertuples():
        votes = [answer for answer in row.sample_answers if answer is not None]
        assert row.votes == max(map(votes.count, votes), default=0)
        assert (row.answer in votes) if votes else pd.isna(row.answer)
