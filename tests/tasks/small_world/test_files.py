from __future__ import annotations

import json

import pytest

from kpod.errors import InputError
from kpod.tasks import load_questions
from kpod.tasks.small_world import generate_problems, small_world_problems, small_world_questions, write_questions


def test_a_written_file_is_read_as_the_same_questions(tmp_path):
    problems = generate_problems(30, 1)
    write_questions(tmp_path / "world.jsonl", problems)
    assert load_questions(tmp_path / "world.jsonl", "small_world") == [problem.question for problem in problems]
    row = json.loads((tmp_path / "world.jsonl").read_text().splitlines()[3])
    assert [tuple(span) for span in row["roles"]] == list(problems[3].question.roles)
    assert row["steps"][0]["operation"] == problems[3].steps[0].operation
    assert (row["num_steps"], row["story"], row["plan"]) == (
        problems[3].question.num_steps,
        problems[3].story,
        problems[3].plan,
    )


def test_another_ending_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"written as \.jsonl"):
        write_questions(tmp_path / "world.csv", [])


def test_a_source_in_one_line():
    questions = small_world_questions("small_world:train=30,test=20,seed=4,max_steps=3")
    assert [question.split for question in questions] == ["train"] * 30 + ["test"] * 20
    assert len({question.id for question in questions}) == len({question.text for question in questions}) == 50
    assert questions == small_world_questions("small_world: seed=4, test=20, train=30, max_steps=3")
    assert questions != small_world_questions("small_world:train=30,test=20,seed=5,max_steps=3")


def test_defaults_are_four_hundred_and_two_hundred():
    questions = small_world_questions("small_world:")
    assert sum(question.split == "train" for question in questions) == 400 and len(questions) == 600


def test_the_test_problems_can_have_options_of_their_own():
    problems = small_world_problems(
        "small_world:train=20,test=20,min_steps=2,max_steps=2,test_min_steps=6,test_max_steps=6,filler_share=0,"
        "test_filler_share=1,stories=people+days"
    )
    assert {(p.question.split, p.question.num_steps) for p in problems} == {("train", 2), ("test", 6)}
    assert {p.story for p in problems} == {"people", "days"}
    filled = {p.question.split for p in problems if any(role == "filler" for *_, role in p.question.roles)}
    assert filled == {"test"}


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("world:train=4", "is no small world; write small_world:train=400"),
        ("small_world:train", "'train' is no setting; write NAME=VALUE"),
        ("small_world:trian=4", "there is no 'trian'. Known: train, test, seed, min_steps"),
        ("small_world:test_seed=4", "there is no 'test_seed'"),
        ("small_world:train=-4", "train is '-4'; it takes a whole number"),
        ("small_world:train=99999999", "at most 100000"),
        ("small_world:train=0,test=0", "asks for no problem"),
        ("small_world:filler_share=much", "filler_share is 'much'; it takes a number"),
        ("small_world:max_steps=2.5", "max_steps is '2.5'; it takes a whole number"),
        ("small_world:max_steps=12", "1 to 9 steps"),
    ],
)
def test_what_is_not_understood_is_named(spec, said):
    with pytest.raises(InputError, match=said):
        small_world_questions(spec)
