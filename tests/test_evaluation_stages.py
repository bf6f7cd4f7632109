"""Predictions and accuracy: an output with no answer is wrong, and counted."""

from __future__ import annotations

import io

import pandas as pd
import pytest

from kpod import evaluation_stages
from kpod.config import make_config
from kpod.data_sources import find_source
from kpod.evaluation import Output
from kpod.evaluation_sets import sets_of
from kpod.run_reporter import RunReporter
from kpod.run_store import create_run, load_run
from kpod.stage_context import Context
from tests.support.tiny_runs import tiny_config, write_questions

pytestmark = pytest.mark.slow

OUTPUTS = {
    "right": ("So 7.\nTherefore, the answer is 7.", "7", True),
    "wrong": ("So 8.\nTherefore, the answer is 8.", "8", False),
    "equal in value": ("Therefore, the answer is 7.00.", "7", True),
    "nothing said": ("", None, False),
}


def measured(choices=None) -> pd.DataFrame:
    return pd.DataFrame({"question": list(OUTPUTS), "answer": "7", "choices": [choices] * len(OUTPUTS)})


@pytest.fixture
def context(tmp_path):
    source = tmp_path / "somewhere.jsonl"
    config = make_config({"name": "R", "data": {"source": str(source)}, "student": {"name": "smollm2-135m"}})
    run = create_run(tmp_path / "run", config)
    run.update(summary={"evaluation_task": "arithmetic"})
    return Context(
        run, config, RunReporter(run, io.StringIO()), tmp_path, find_source(str(source)), sets_of(config.data)
    )


def test_an_output_with_no_answer_is_wrong_and_counted(context):
    outputs = [[Output(text, cut=text == "")] for text, _, _ in OUTPUTS.values()]
    frame = evaluation_stages._predictions(context, "somewhere:test", measured(), 3, outputs)
    assert frame["correct"].tolist() == [correct for _, _, correct in OUTPUTS.values()]
    assert [None if pd.isna(answer) else answer for answer in frame["answer"]] == [a for _, a, _ in OUTPUTS.values()]
    assert set(frame["evaluation_set"]) == {"somewhere:test"} and set(frame["epoch"]) == {3}
    figures = evaluation_stages._accuracy(frame)
    assert (figures["correct"], figures["questions"], figures["no_answer"]) == (2, 4, 1)
    assert frame["cut"].tolist() == [False, False, False, True] and figures["cut"] == 1
    assert figures["accuracy"] == 0.5 and figures["low"] < 0.5 < figures["high"]


def test_letters_are_read_with_the_options(context):
    context.run.update(summary={"evaluation_task": "multiple_choice"})
    frame = pd.DataFrame({"question": ["q"], "answer": ["B"], "choices": [["a whale", "a herring"]]})
    outputs = [[Output("Therefore, the answer is a herring.", cut=False)]]
    predicted = evaluation_stages._predictions(context, "somewhere:test", frame, 0, outputs)
    assert predicted["answer"].tolist() == ["B"] and predicted["correct"].all()


def test_a_student_that_says_nothing_of_use_is_measured(tmp_path, tiny_llama_folder):
    from kpod.pipeline import run_pipeline

    source = write_questions(tmp_path / "questions.jsonl", trained=2, measured=1)
    config = tiny_config(source, tiny_llama_folder, evaluation={"max_new_tokens": 1}, method="plain")
    run = create_run(tmp_path / "run", config)
    run_pipeline(run, RunReporter(run, io.StringIO()))
    summary = load_run(run.folder).state.summary
    for figures in (summary["base_accuracy"], summary["accuracy"]):
        assert (figures["correct"], figures["questions"], figures["no_answer"], figures["cut"]) == (0, 1, 1, 1)
    assert "1 of 1 outputs of the distilled student were cut at evaluation.max_new_tokens = 1." in (
        " ".join(load_run(run.folder).state.warnings)
    )
    assert load_run(run.folder).predictions["cut"].all()
    assert load_run(run.folder).predictions["answer"].isna().all()
