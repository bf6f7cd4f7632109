"""Rationales that are too long: skipped, or split into parts that teach every step once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kpod.distillation.objective import supervised_targets
from kpod.errors import InputError
from kpod.lengths import distribution
from kpod.preparation import encode_all, encode_question, examples_of_tables, questions_table, steps_table
from kpod.records import Question
from tests.support.tiny_models import build_tokenizer

TOKENIZER = build_tokenizer()
STEPS = [f"Step number {number} adds {number} more to it." for number in range(1, 10)]
QUESTION = Question("long", "How many?", "45", " ".join(STEPS), roles=((0, 4, "filler"),))


def whole():
    return encode_question(QUESTION, TOKENIZER, "sentence")


def split(max_tokens):
    examples, lengths = encode_all([QUESTION], TOKENIZER, "sentence", max_tokens, overlong="split")
    return examples, lengths


@pytest.mark.parametrize("share", [0.9, 0.7, 0.5])
def test_every_step_is_taught_once_and_the_answer_in_the_last_part(share):
    limit = int(share * len(whole().encoded))
    examples, lengths = split(limit)
    assert len(examples) > 1 and lengths.split == ["long"] and lengths.parts == len(examples) and not lengths.skipped
    assert all(len(example.encoded) <= limit for example in examples)
    taught = [example.question.rationale[start:end].strip() for example in examples for start, end in example.steps]
    assert taught == STEPS
    for number, example in enumerate(examples, 1):
        question = example.question
        assert (question.id, question.part, question.parts) == (f"long#part{number}", number, len(examples))
        assert question.part_of == "long" and question.num_steps == 9
        # What is given stands right before what is taught, as much of it as fits.
        assert QUESTION.rationale.find(f"{question.given}{question.rationale}") >= 0 or number == 1
        targets = supervised_targets(example.encoded, 0)
        own = slice(example.encoded.num_question, example.encoded.rationale_end)
        assert targets[own].all() and not targets[: example.encoded.num_question].any()
        assert targets[example.encoded.rationale_end :].any() == (number == len(examples))
    assert examples[0].question.given == "" and all(example.question.given for example in examples[1:])
    assert examples[0].question.roles == ((0, 4, "filler"),) and not examples[-1].question.roles


def test_the_tables_give_the_parts_back():
    examples, _ = split(int(0.6 * len(whole().encoded)))
    questions = questions_table([example.question for example in examples], trained=True)
    assert questions["part_of"].tolist() == ["long"] * len(examples)
    again = examples_of_tables(questions, steps_table(examples), TOKENIZER)
    for before, after in zip(examples, again, strict=True):
        assert np.array_equal(before.encoded.input_ids, after.encoded.input_ids)
        assert before.encoded.num_question == after.encoded.num_question and before.steps == after.steps
        assert before.encoded.teaches_answer == after.encoded.teaches_answer


def test_a_step_that_fits_nowhere_is_skipped_and_counted():
    short = replace(QUESTION, id="short", rationale="Add 1.", roles=None)
    endless = replace(QUESTION, id="endless", rationale="It is " + "very " * 200 + "long.", roles=None)
    examples, lengths = encode_all([short, endless], TOKENIZER, "sentence", 200, overlong="split")
    assert [example.question.id for example in examples] == ["short"] and lengths.skipped == ["endless"]
    with pytest.raises(InputError, match=r"All 1 questions .* are longer than 200 tokens"):
        encode_all([endless], TOKENIZER, "sentence", 200, overlong="split")


def test_lengths_are_measured_before_anything_is_left_out():
    limit = len(whole().encoded) - 1
    short = replace(QUESTION, id="short", rationale="Add 1. Add 2.", roles=None)
    _, lengths = encode_all([short, QUESTION], TOKENIZER, "sentence", limit)
    told = lengths.to_dict()
    assert (told["questions"], told["too_long"], told["skipped"], told["split"]) == (2, 1, 1, 0)
    assert told["steps"] == {"median": 5.5, "p95": pytest.approx(8.65), "max": 9}
    assert told["tokens"]["max"] == limit + 1 and "1 skipped, 0 split into 0 parts" in lengths.text()
    assert distribution([]) == {"median": 0.0, "p95": 0.0, "max": 0}
