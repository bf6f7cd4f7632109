"""Answers found in what small students really wrote: the outputs of the runs that are shipped."""

from __future__ import annotations

import pandas as pd
import pytest

from kpod import tasks
from kpod.evaluation import trim_output
from kpod.prompts import ANSWER_TRIGGER
from kpod.run_store import load_run
from tests.conftest import ROOT

RUNS = sorted(path.parent for path in (ROOT / "assets").glob("*/predictions.parquet"))


def test_there_is_one():
    assert RUNS


@pytest.mark.shipped_run
@pytest.mark.parametrize("folder", RUNS, ids=lambda folder: folder.name)
def test_every_recorded_answer_is_found_again(folder):
    run = load_run(folder)
    table, summary = run.predictions, run.state.summary
    task = tasks.get(summary.get("evaluation_task", summary["task"]))
    gold = run.questions.set_index("question")["answer"]
    for row in table.itertuples():
        assert trim_output(row.output) == row.output, row.question
        found = task.extract_answer(row.output)
        assert found == (None if pd.isna(row.answer) else row.answer), row.question
        assert task.is_correct(found, gold[row.question]) == row.correct, row.question


@pytest.mark.shipped_run
@pytest.mark.parametrize("folder", RUNS, ids=lambda folder: folder.name)
def test_an_answer_sentence_has_its_answer(folder):
    """Where a student came to "the answer is N.", that N is what is found, whatever numbers stand before it."""
    run = load_run(folder)
    outputs = [text for text in run.predictions["output"] if f"\n{ANSWER_TRIGGER} " in text]
    assert outputs
    task = tasks.get(run.state.summary["task"])
    for text in outputs:
        stated = text.rsplit(ANSWER_TRIGGER, 1)[1].strip().rstrip(".")
        if stated.isascii() and stated.isdigit():
            assert task.extract_answer(text) == str(int(stated)), text
