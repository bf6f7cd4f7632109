"""A run's weight generator on other rationales: its own come out as they were; strangers are refused."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from kpod.errors import InputError
from kpod.records import Question
from kpod.run_store import load_run
from kpod.weighing import GENERATOR, TrainedGenerator, read_rationales
from tests.support.weighed_run import make_weighed_run


@pytest.fixture(scope="module")
def run(tmp_path_factory, tiny_llama_folder):
    return make_weighed_run(tmp_path_factory.mktemp("runs") / "run", tiny_llama_folder)


@pytest.fixture(scope="module")
def generator(run):
    return TrainedGenerator(run)


def own_questions(run, before=""):
    rows = run.questions[run.questions["trained"]]
    return [
        Question(row.question, row.text, row.answer, before + row.rationale) for row in rows.itertuples(index=False)
    ]


def test_the_runs_own_rationales_have_the_runs_own_weights(run, generator):
    table = generator.weigh(own_questions(run)).table()
    tokens = run.tokens
    assert list(table) == ["question", "position", "character_start", "character_end", "weight"]
    for column in ("question", "position", "character_start", "character_end"):
        assert table[column].tolist() == tokens[column].tolist(), column
    assert np.array_equal(table["weight"].to_numpy(), tokens["weight"].to_numpy())
    assert table["weight"].std() > 0


def test_characters_are_of_the_rationale_as_it_was_given(run, generator):
    whole = generator.weigh(own_questions(run, before="\n  ")).table()
    plain = generator.weigh(own_questions(run)).table()
    assert (whole["character_start"] - plain["character_start"]).unique().tolist() == [3]
    assert np.array_equal(whole["weight"], plain["weight"])


def test_what_is_too_long_is_left_out_and_named(run, generator):
    questions = own_questions(run)
    lengths = {len(example) for example in generator.own_examples()}
    limit = sorted(lengths)[len(lengths) // 2]
    weighed = generator.weigh(questions, max_tokens=limit)
    assert weighed.too_long and not set(weighed.too_long) & set(weighed.questions["question"])
    assert len(weighed.too_long) + len(weighed.questions) == len(questions)


def test_another_student_is_refused(run, tiny_qwen2_folder):
    with pytest.raises(InputError, match=r"learned with another student.*--student"):
        TrainedGenerator(run, student=str(tiny_qwen2_folder))


def test_the_same_student_elsewhere_will_do(run, tiny_llama_folder, tmp_path):
    moved = shutil.copytree(tiny_llama_folder, tmp_path / "moved")
    assert TrainedGenerator(run, student=str(moved)).folder == moved


def test_a_run_without_a_generator(run, tmp_path):
    copied = shutil.copytree(run.folder, tmp_path / "copied")
    (copied / GENERATOR).unlink()
    with pytest.raises(InputError, match=r"There is no weight_generator\.safetensors"):
        TrainedGenerator(load_run(copied))


def written(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


ROW = {"id": "a", "question": "Ann has 2 pears and 3 figs. How many?", "answer": "5", "rationale": "2 + 3 = 5."}


def test_questions_that_the_run_has_learned_from_are_left_out(run, tmp_path):
    known = run.questions.iloc[0]
    seen = {"id": "other", "question": known["text"], "answer": known["answer"], "rationale": known["rationale"]}
    same_id = ROW | {"id": known["question"]}
    source = written(tmp_path / "a.jsonl", [seen, same_id, ROW])
    questions, left_out = read_rationales(source, unlike=run)
    assert [question.id for question in questions] == ["a"] and left_out == 2
    with pytest.raises(InputError, match="learned from all 2 rationales"):
        read_rationales(written(tmp_path / "b.jsonl", [seen, same_id]), unlike=run)


def test_rationales_by_split_and_number(tmp_path):
    rows = [ROW | {"id": str(number), "split": "train" if number < 3 else "test"} for number in range(5)]
    source = written(tmp_path / "a.jsonl", [*rows, ROW | {"rationale": None, "split": "empty"}])
    assert [each.id for each in read_rationales(source, split="train", limit=2)[0]] == ["0", "1"]
    assert len(read_rationales(source)[0]) == 5
    with pytest.raises(InputError, match=r"No question of .* has split 'dev'; there are empty, test, train"):
        read_rationales(source, split="dev")
    with pytest.raises(InputError, match="has a rationale"):
        read_rationales(source, split="empty")
    with pytest.raises(InputError, match=r"no\.jsonl"):
        read_rationales(str(tmp_path / "no.jsonl"))
