"""Prompts and outputs."""

from __future__ import annotations

import pytest

from kpod.records import Question
from kpod.teaching.prompts import make_prompt, read_output

QUESTION = Question("q", "How many?", "7")


def test_braces_of_a_question_are_its_own():
    prompt = make_prompt("What is {answer_form} of {question}?", "number", "Q {question} A {answer_form}", plain=False)
    assert prompt == "Q What is {answer_form} of {question}? A the number alone, without a unit"


@pytest.mark.parametrize("kind, form", [("letter", "in brackets"), ("yes_no", "yes or no"), ("text", "few words")])
def test_the_form_of_the_answer_is_asked_for(kind, form):
    for plain in (False, True):
        prompt = make_prompt("Why?", kind, None, plain=plain)
        assert form in prompt and "Let's think step by step." in prompt and "Why?" in prompt
    assert prompt.endswith("A: Let's think step by step.")


@pytest.mark.parametrize(
    "text, rationale, statement",
    [
        ("3 + 4 = 7.\nTherefore, the answer is 7.", "3 + 4 = 7.", "Therefore, the answer is 7."),
        ("3 + 4 = 7. So the final answer is **7**.", "3 + 4 = 7.", "So the final answer is **7**."),
        ("3 + 4 = 7.\n#### 7", "3 + 4 = 7.", "#### 7"),
        ("3 + 4 = 7, so she has 7.", "3 + 4 = 7, so she has 7.", None),
        ("The answer is 7.", None, "The answer is 7."),
        ("  \n", None, None),
        ("<think>Hm, 9?</think>3 + 4 = 7.", "3 + 4 = 7.", None),
        ("Hm, 9?</think>\n3 + 4 = 7.", "3 + 4 = 7.", None),  # opened by the chat template
        ("<think>Hm, the answer is 9", None, None),
        ("The answer is found by adding: 3 + 4 = 7.", "The answer is found by adding: 3 + 4 = 7.", None),
    ],
)
def test_an_output_is_taken_apart(text, rationale, statement):
    output = read_output(text, QUESTION, plain=False)
    assert (output.rationale, output.statement) == (rationale, statement)


def test_a_next_question_is_cut_off_plain_text_alone():
    text = "3 + 4 = 7.\nQ: And 1 + 1?\nA: 2."
    assert read_output(text, QUESTION, plain=True).rationale == "3 + 4 = 7."
    assert read_output(text, QUESTION, plain=False).rationale == text
