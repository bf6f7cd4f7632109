"""What a source of questions may be named, and when it counts as another one."""

from __future__ import annotations

import pytest

from kpod import data_sources
from kpod.data_sources import file_hash, find_source
from kpod.errors import InputError
from kpod.tasks import small_world
from kpod.tasks.base import questions_from_rows
from kpod.tasks.hub import parse_hub
from tests.support.hub_repositories import asdiv_rows, write_repository


def test_a_shipped_source():
    source = find_source("shipped:example_questions")
    assert source.label == "example_questions" and len(source.rows()) == 12 and len(source.fingerprint()) == 64
    with pytest.raises(InputError, match=r"'shipped:other' is not shipped; there is .*shipped:example_questions"):
        find_source("shipped:other")


def test_a_file_is_known_by_its_content(tmp_path):
    path = tmp_path / "mine.jsonl"
    assert find_source(str(path)).fingerprint() is None
    path.write_text('{"id": "1", "question": "How many?", "answer": "2"}\n')
    source = find_source(str(path))
    before = source.fingerprint()
    assert source.rows() == [("line 1", {"id": "1", "question": "How many?", "answer": "2"})]
    path.write_text('{"id": "1", "question": "How many?", "answer": "3"}\n')
    assert source.fingerprint() != before
    path.unlink()
    assert source.fingerprint() is None
    with pytest.raises(InputError, match=r"There is no file .*mine\.jsonl"):
        source.rows()


def test_a_small_world_is_known_by_its_problems():
    line = "small_world:train=3,test=2,seed=4"
    source = find_source(line)
    assert source.label == "small_world" and source.place == line
    questions = questions_from_rows(source.rows(), small_world.TASK, line)
    assert questions == small_world.small_world_questions(line)
    assert [question.split for question in questions] == ["train"] * 3 + ["test"] * 2
    assert all(question.roles and question.num_steps for question in questions)
    assert source.fingerprint() == find_source("small_world: seed=4, train=3, test=2").fingerprint()
    assert source.fingerprint() != find_source("small_world:train=3,test=2,seed=5").fingerprint()
    with pytest.raises(InputError, match="there is no 'tran'"):
        find_source("small_world:tran=3").rows()


def test_a_world_of_usual_size_is_made_once_until_another_is_asked_for(monkeypatch):
    made = []
    monkeypatch.setattr(data_sources, "_kept_worlds", {})
    monkeypatch.setattr(data_sources, "problem_rows", lambda spec: made.append(spec) or small_world.problem_rows(spec))
    first, second = ("small_world:train=3,test=1,seed=1", "small_world:train=3,test=1,seed=2")
    source = find_source(first)
    assert source.questions(None) == find_source(first).questions(None) and source.fingerprint()
    assert made == [first]
    assert find_source(second).rows() != source.rows()
    assert made == [first, second, first]
    monkeypatch.setattr(data_sources, "KEPT_ROWS", 3)
    assert find_source(second).rows() == find_source(second).rows()
    assert made == [first, second, first, second, second]


def test_a_set_laid_out_as_on_the_hub(tmp_path):
    folder = tmp_path / "my_set"
    (folder / "data").mkdir(parents=True)
    rows = '{"prompt": "How many are 2 and 3?", "target": "5", "cot": "2 + 3 = 5."}\n'
    (folder / "data" / "train.jsonl").write_text(rows)
    source = find_source(f"hub:{folder}")
    questions, task = source.questions(None, fields={"question": "prompt"})
    assert task == "arithmetic" and [q.answer for q in questions] == ["5"] and questions[0].id.startswith("my_set-")
    assert source.inspect().questions == 1 and len(source.fingerprint()) == 64
    with pytest.raises(InputError, match="holds no name"):
        find_source("hub:")


def test_what_is_to_be_known_of_a_hub_set_is_in_its_report(tmp_path, monkeypatch):
    source = parse_hub("hub:EleutherAI/asdiv")
    folder = write_repository(tmp_path / "asdiv", {"asdiv": {"validation": asdiv_rows(3)}})
    monkeypatch.setitem(source.__dict__, "folder", folder)  # where the hub's client would have put it
    monkeypatch.setattr("kpod.data_sources.parse_hub", lambda name: source)
    report = find_source("hub:EleutherAI/asdiv").inspect()
    assert (report.task, report.questions) == ("asdiv", 3)
    assert report.notes == ("validation has 3 rows and not 2305: the paper's splits are not applied.",)
    told = []
    find_source("hub:EleutherAI/asdiv").questions(None, tell=told.append)
    assert tuple(told) == report.notes


def test_file_hash(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"abc")
    assert file_hash(path) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
