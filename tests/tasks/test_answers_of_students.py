"""Answers found in what small students really wrote: in the shipped runs, and SmolLM2 on our own questions."""

from __future__ import annotations

from fractions import Fraction

import pandas as pd
import pytest

from kpod import load_questions, tasks
from kpod.errors import InputError
from kpod.evaluation import generate_rationales, trim_output
from kpod.prompts import ANSWER_TRIGGER, fill_template
from kpod.run_store import load_run
from kpod.students.checkpoint_source import cached_folder, resolve_student
from kpod.students.loading import load_student
from kpod.students.registry import find_student
from kpod.tasks.answers import answer_statements
from kpod.tasks.files import iterate_rows
from kpod.tasks.small_world.problems import generate_problems
from tests.conftest import ROOT, missing
from tests.references.answer_reading import read_answer

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


READ = {
    "So 3 + 4 = 7 pens. The answer is 7.": 7,
    "The answer is $1,250.50, or 1 1/2 of it.": Fraction("1250.5"),
    "The answer is 2 * 4 = 8 pens of 9.": 8,
    "The answer is - 3.": -3,
    "32 is the answer.\nB: Let us see, 5 rows": 32,
    "The answer is 26.\nThe answer is 10 + 16": 26,
    "The final answer is:\n\n4 of 9": 4,
    "The answer is 4.\nQ: How many are 2 and 3?\nA: The answer is 5.": 4,
    "There are 8 - 5 = 3.\nB: There are 9": 3,
    "It is 12-7 or x2, not 3/0": 7,
    "He has 5. The answer is unknown.": None,
    "None at all": None,
}


def test_the_reference_reads_as_a_reader_does():
    assert {text: read_answer(text) for text in READ} == READ


def differing(texts):
    """The ends of texts in which the extractor and the reference find other answers, with both."""
    task, found = tasks.get("arithmetic"), []
    for text in texts:
        ours, theirs = task.extract_answer(text), read_answer(text)
        if (None if ours is None else Fraction(ours)) != theirs:
            found.append((text[-300:], ours, theirs))
    return found


@pytest.mark.shipped_run
@pytest.mark.parametrize("folder", RUNS, ids=lambda folder: folder.name)
def test_shipped_outputs_have_the_answer_that_the_reference_reads(folder):
    assert differing(load_run(folder).predictions["output"]) == []


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "differ"),
    [
        ("gsm8k/train_human.jsonl", 2),  # thousands by a space; a number that begins with its decimal point
        ("gsm8k/train_gpt35_metamath_ansaug.jsonl", 0),
        ("svamp/train_gpt35_mcckd.jsonl", 0),
        ("asdiv/gpt-3.5-turbo_fewshot_faithfulcot.jsonl", 1),  # an answer of several words, a title among them
        ("multiarith/gpt-3.5-turbo_fewshot_faithfulcot.jsonl", 0),
    ],
)
def test_of_sixteen_thousand_rationales_the_reference_misreads_three(shared_data, name, differ):
    rationales = [row["rationale"] for _, row in iterate_rows(shared_data / name) if row["rationale"]]
    assert len(rationales) > 500 and len(differing(rationales)) <= differ


@pytest.fixture(scope="module")
def smollm2(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        if not cached_folder(find_student("smollm2-135m")).is_dir():  # what tests fetch does not stay in the cache
            patch.setenv("KPOD_CACHE", str(tmp_path_factory.mktemp("cache")))
        try:
            folder = resolve_student("smollm2-135m", print).folder
        except InputError as error:
            missing(f"SmolLM2 cannot be had here: {error}")
    return load_student(folder, dtype="float32", device="cpu")


@pytest.mark.slow
def test_what_smollm2_writes_has_the_answer_that_the_reference_reads(smollm2):
    """Asked as in a run, where it mostly calculates on and on, and after an example, where it mostly concludes."""
    ours = load_questions(ROOT / "assets" / "example_questions.jsonl")
    made = [problem.question.text for problem in generate_problems(36, seed=3)]
    example = fill_template(ours[0].text, ours[0].rationale, ours[0].answer).text.removeprefix("Q: ")
    asked = [question.text for question in ours] + made[:12]
    asked += [f"{example}\nQ: {text}" for text in [question.text for question in ours[1:]] + made[12:]]
    texts = generate_rationales(*smollm2, asked, max_new_tokens=80, batch_size=len(asked))
    concluding = [text for text in texts if answer_statements(text)]
    assert len(texts) == 59 and len(concluding) >= 10 and len(texts) - len(concluding) >= 10
    assert differing(texts) == []
