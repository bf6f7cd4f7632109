"""Which questions a run is measured on: the sets' names, splits, ids and columns."""

from __future__ import annotations

import json

import pytest

from kpod.config import make_config
from kpod.errors import InputError
from kpod.evaluation_sets import load_sets, sets_of


def write(path, splits, **more):
    """A file with a question a split, ids counted from q0; `more` are columns, or names of them."""
    rows = [
        {"id": f"q{number}", more.get("question", "question"): f"What is {number} + 1?", "answer": str(number + 1)}
        | ({} if split is None else {"split": split})
        for number, split in enumerate(splits)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def settings(source, **data):
    return make_config({"name": "R", "data": {"source": source, **data}, "student": {"name": "nano"}}).data


@pytest.fixture
def own(tmp_path):
    return write(tmp_path / "own.jsonl", ["train", "test", "test"])


def names_and_ids(data):
    return [(found.name, [question.id for question in found.questions]) for found in load_sets(sets_of(data))]


def test_the_first_set_is_that_of_the_runs_own_data(own, tmp_path):
    assert names_and_ids(settings(own)) == [("own:test", ["q1", "q2"])]
    other = write(tmp_path / "other.jsonl", ["dev", "test"])
    data = settings(own, evaluation_source=other, evaluation_split="dev")
    assert names_and_ids(data) == [("other:dev", ["q0"])]
    assert names_and_ids(settings(own, evaluation_limit=1)) == [("own:test", ["q1"])]


def test_further_sets_take_the_test_split_or_all(own, tmp_path):
    with_test = write(tmp_path / "more.jsonl", ["train", "dev", "test"])
    without = write(tmp_path / "plain.jsonl", [None, None])
    data = settings(own, evaluation_sets=[with_test, without, {"source": with_test, "split": "dev", "name": "Dev"}])
    # Ids that an earlier set has are told apart by the set's name.
    assert names_and_ids(data) == [
        ("own:test", ["q1", "q2"]),
        ("more:test", ["more:test/q2"]),
        ("plain:all", ["q0", "plain:all/q1"]),
        ("Dev", ["Dev/q1"]),
    ]
    assert [question.split for question in load_sets(sets_of(data))[2].questions] == ["all", "all"]
    limited = settings(own, evaluation_sets=[{"source": without, "limit": 1}])
    assert names_and_ids(limited)[1] == ("plain:all", ["q0"])


def test_columns_are_those_of_each_source(own, tmp_path):
    """Names of the source's columns are not looked for in another file to measure on, nor the other way round."""
    named = write(tmp_path / "named.jsonl", ["train", "test"], question="puzzle")
    other = write(tmp_path / "other.jsonl", ["test"], question="riddle")
    assert names_and_ids(settings(named, fields={"question": "puzzle"}))[0] == ("named:test", ["q1"])
    data = settings(
        named,
        fields={"question": "puzzle"},
        evaluation_source=other,
        evaluation_fields={"question": "riddle"},
        evaluation_sets=[{"source": named, "fields": {"question": "puzzle"}}],
    )
    assert [name for name, _ in names_and_ids(data)] == ["other:test", "named:test"]
    wrong = settings(named, fields={"question": "puzzle"}, evaluation_source=own, evaluation_fields={"question": "no"})
    with pytest.raises(InputError, match="no"):
        load_sets(sets_of(wrong))
    with pytest.raises(InputError, match=r"data\.evaluation_fields names columns of data\.evaluation_source, which is"):
        settings(named, evaluation_fields={"question": "puzzle"})


def test_every_set_has_its_own_task(own, tmp_path):
    letters = tmp_path / "letters.jsonl"
    letters.write_text(json.dumps({"id": "m", "question": "Which?", "choices": ["a pen", "a cup"], "answer": "B"}))
    data = settings(own, task="arithmetic", evaluation_sets=[{"source": str(letters), "task": "multiple_choice"}])
    assert [found.task for found in load_sets(sets_of(data))] == ["arithmetic", "multiple_choice"]


@pytest.mark.parametrize(
    ("sets", "message"),
    [
        (["OWN"], r"Two sets to measure on are called 'own:test', the second from .*own\.jsonl\. Give one"),
        ([{"source": "OWN", "split": "no"}], r"has split 'no' to measure on; the data have test, train\. Set data\."),
        (["absent.jsonl"], r"There is no file .*absent\.jsonl"),
        (["shipped:nothing"], "is not shipped"),
    ],
)
def test_what_is_no_set(own, sets, message):
    text = json.dumps(sets).replace("OWN", own)
    with pytest.raises(InputError, match=message):
        load_sets(sets_of(settings(own, evaluation_sets=json.loads(text))))


@pytest.mark.parametrize(
    ("sets", "message"),
    [
        ("one.jsonl", r"data\.evaluation_sets is 'one\.jsonl': Input should be a valid list"),
        ([{"sorce": "x"}], r"data\.evaluation_sets\.0\.sorce is no setting\. Did you mean source\?"),
        (["x", {"limit": 3}], r"data\.evaluation_sets\.1\.source is missing"),
        ([{"source": "x", "limit": 0}], r"data\.evaluation_sets\.0\.limit is 0"),
    ],
)
def test_a_wrong_setting_of_a_set_is_named(own, sets, message):
    with pytest.raises(InputError, match=message):
        settings(own, evaluation_sets=sets)
