"""Sentences that only state the answer, and rationales without them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpod.records import Question
from kpod.teacher.answer_sentences import answer_sentences, without_answer_sentences

WORK = "She buys 3 + 6 = 9 pens."


def numeric(rationale, roles=None):
    return Question("q", "How many pens?", "9", rationale, roles=roles)


def lettered(rationale):
    return Question("q", "Where?", "B", rationale, choices=("a bank", "a river", "a park"))


@pytest.mark.parametrize(
    "sentence",
    [
        "The answer is 9.",
        "Therefore, the answer is 9 pens.",
        "So the final answer is: $9",
        "THE ANSWER IS NINE.",
        "The answer is therefore 9.",
        "Thus, the answer to the question is:\n\n9 pens.",
        "Hence the answer is that she has 9 pens.",
        "**Answer: 9**",
        "#### 9",
        "\\boxed{9}",
        "The answer is unknown.",
        "The answer is 12.",  # whatever it says: it is the template that states the answer
    ],
)
def test_a_sentence_that_only_states_a_number_goes(sentence):
    for text in (f"{WORK} {sentence}", f"{WORK}\n{sentence}"):
        assert without_answer_sentences(numeric(text)).rationale == WORK, text


@pytest.mark.parametrize(
    "sentence",
    [
        "Rounded to the nearest percent, the answer is 9%.",
        "The answer is 3 + 6 = 9.",
        "The answer is 3 x 3.",
        "Since it is the last day, the answer is 9.",
        "She gave 9 correct answers.",
        "The answer should be the number of pens.",
        "The answer depends on the pens.",
        "Therefore, she has 9 pens.",
        "To find the answer, we add.",
        "The average number of answers is 9.",
    ],
)
def test_a_sentence_that_says_more_stays(sentence):
    text = f"{WORK} {sentence}"
    assert answer_sentences(numeric(text)) == [] and without_answer_sentences(numeric(text)).rationale == text


def test_options_and_yes_and_no():
    work = "The answer must be where water is. Of the above choices, only a river has water."
    assert answer_sentences(lettered(work)) == []
    for sentence in ("So the answer is (B).", "The answer is a river.", "Answer: B"):
        assert without_answer_sentences(lettered(f"{work} {sentence}")).rationale == work, sentence
    question = Question("q", "Is it?", "yes", "Cats are animals. So the answer is yes.", choices=("yes", "no"))
    assert without_answer_sentences(question).rationale == "Cats are animals."
    assert answer_sentences(Question("q", "Is it?", "yes", "The answer is not easy to find.")) == []


def test_it_goes_wherever_it_stands():
    between = numeric(f"The answer is 9.\n{WORK}\nThe answer is 9.\nWe check: 9 - 6 = 3.")
    assert without_answer_sentences(between).rationale == f"{WORK}\nWe check: 9 - 6 = 3."
    assert without_answer_sentences(numeric("The answer is 9.")).rationale == ""
    assert without_answer_sentences(numeric(None)).rationale is None


def test_roles_go_with_their_characters():
    text = f"The answer is 9. {WORK} The answer is 9."
    start = text.index("3 + 6")
    question = numeric(
        text, roles=((0, 16, "filler"), (start, start + 9, "operation"), (len(text) - 2, len(text), "x"))
    )
    shorter = without_answer_sentences(question)
    assert shorter.rationale == WORK
    assert [(shorter.rationale[a:b], role) for a, b, role in shorter.roles] == [("3 + 6 = 9", "operation")]


PIECES = st.lists(
    st.sampled_from([WORK, "The answer is 9.", "So 9.", "#### 9", "The answer is:", "9 pens.", "Answer: 9"]), max_size=6
)


@given(PIECES, st.sampled_from([" ", "\n", "\n\n  "]))
def test_nothing_else_is_lost(pieces, between):
    text = between.join(pieces)
    question = numeric(text, roles=tuple((i, i + 1, character) for i, character in enumerate(text)))
    spans = answer_sentences(question)
    assert all(a < b for a, b in spans) and all(spans[k][1] <= spans[k + 1][0] for k in range(len(spans) - 1))
    shorter = without_answer_sentences(question)
    expected = list(text)
    for a, b in spans:
        expected[a:b] = [""] * (b - a)
    assert "".join(shorter.rationale.split()) == "".join("".join(expected).split())
    assert "".join(role for _, _, role in shorter.roles) == shorter.rationale
    assert all(shorter.rationale[a:b] == role for a, b, role in shorter.roles)
