"""What each check finds in one rationale, and what it must leave alone; and the counts on real teachers."""

from __future__ import annotations

import pytest

from kpod.records import Question
from kpod.tasks.loading import load_questions
from kpod.teacher import filter_rationales
from kpod.teacher.checks import (
    check_answer,
    check_answer_first,
    check_answer_sentences,
    check_rationale_is_there,
    check_truncated,
)


def asked(rationale, answer="7", text="Ann has 3 pears and buys 4. How many?", **more):
    return Question("q", text, answer, rationale, **more)


@pytest.mark.parametrize("rationale", [None, "", "  \n", "The answer is 7."])
def test_a_rationale_that_is_none(rationale):
    assert check_rationale_is_there(asked(rationale))


def test_a_rationale_that_is_one():
    assert check_rationale_is_there(asked("3 + 4 = 7.")) is None


@pytest.mark.parametrize(("correct", "reason"), [(True, None), (False, "wrong answer"), (None, "answer unknown")])
def test_its_own_answer(correct, reason):
    found = check_answer(asked("3 + 4 = 7.", teacher_correct=correct))
    assert (found.reason if found else None) == reason


@pytest.mark.parametrize(
    "rationale",
    ["She has 3 pears. Then she buys the", "She has 3 +", "So 3 + 4 =", "She has (3 pears and", "It costs 2 * $"],
)
def test_a_rationale_that_is_cut_off(rationale):
    assert check_truncated(asked(rationale))


@pytest.mark.parametrize(
    "rationale", ["3 + 4 = 7", "She has 7 pears", "a) 3 pears. b) 7 pears.", "It costs 7 $", "So **7**", "That is 50%"]
)
def test_a_missing_full_stop_is_no_cut(rationale):
    assert check_truncated(asked(rationale)) is None


def test_a_file_that_says_so_is_believed():
    assert check_truncated(asked("3 + 4 = 7.", truncated=True))


@pytest.mark.parametrize(
    ("rationale", "found"),
    [
        ("3 + 4 = 7. The answer is 7.", True),
        ("3 + 4 = 7. Therefore, the answer is 7.", True),
        ("3 + 4 = 7.", False),
        ("The answer depends on the pears: 3 + 4 = 7.", False),
    ],
)
def test_a_sentence_that_only_states_the_answer(rationale, found):
    assert (check_answer_sentences(asked(rationale)) is not None) == found


@pytest.mark.parametrize(
    ("rationale", "found"),
    [
        ("Ann has 7 pears. This is because 3 + 4 = 7.", True),
        ("Ann has 3 pears. 3 + 4 = 7.", False),  # a number of the question
        ("3 + 4 = 7. So she has 7.", False),  # it calculates
        ("Ann has 7 pears.", False),  # nothing comes after it
        ("Let us say she had 7 pears. 3 + 4 = 7.", False),  # what opens a chain of reasons
    ],
)
def test_a_conclusion_in_front_of_its_reasons(rationale, found):
    assert (check_answer_first(asked(rationale)) is not None) == found


def test_an_option_in_front_of_its_reasons():
    choices = ("a jar", "a river")
    first = "A river. Fish live in rivers, and no fish fits into it."
    assert check_answer_first(asked(first, "B", "Where do fish live?", choices=choices))
    last = "Fish live in rivers, and no fish fits into it. So it is a river."
    assert check_answer_first(asked(last, "B", "Where do fish live?", choices=choices)) is None


# File of the data folder -> questions, and how many of them each reason was found in.
REAL = {
    "gsm8k/train_human": (7473, {"wrong answer": 19, "answer sentence": 2, "answer first": 1}),
    "gsm8k/train_gpt35_metamath_ansaug": (4971, {"answer sentence": 1, "repeated": 4, "near-identical rationale": 76}),
    "svamp/train_gpt35_mcckd": (700, {"wrong answer": 20, "truncated": 1, "answer sentence": 13, "answer first": 28}),
    "asdiv/gpt-3.5-turbo_fewshot_faithfulcot": (2097, {"wrong answer": 190, "truncated": 5, "answer sentence": 1989}),
    "multiarith/gpt-3.5-turbo_fewshot_faithfulcot": (596, {"wrong answer": 11, "answer sentence": 596, "repeated": 17}),
    "csqa/train": (9741, {"wrong answer": 2339, "answer first": 0}),
}


@pytest.mark.data
@pytest.mark.parametrize("name", REAL)
def test_what_is_found_in_rationales_of_real_teachers(shared_data, name):
    questions = load_questions(shared_data / f"{name}.jsonl", duplicates="suffix")
    _, report = filter_rationales(questions)
    found = {each.reason: each.found for each in report.reasons}
    count, expected = REAL[name]
    assert report.questions == count and {reason: found[reason] for reason in expected} == expected
