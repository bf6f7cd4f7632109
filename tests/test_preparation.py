"""From questions to tables: what is used, what is left out, and that the tables give the examples back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from kpod.errors import InputError, RunCancelled
from kpod.preparation import (
    check_disjoint,
    check_room,
    choose_evaluation,
    choose_training,
    count_unknown,
    encode_all,
    encode_question,
    examples_of_tables,
    number_of_steps,
    questions_table,
    steps_table,
    tokens_table,
)
from kpod.progress import Reporter
from kpod.prompt_pairs import encode_pair_prompt
from kpod.prompts import encode_prompt
from kpod.records import Question
from kpod.run_store import TABLES
from kpod.teacher import Rules
from tests.support.made_problems import make_problems
from tests.support.tiny_models import build_tokenizer
from tests.support.tiny_t5 import build_t5_tokenizer

TOKENIZER = build_tokenizer()


def table_of(questions, trained=True):
    return questions_table(questions, trained=trained)


def made(count: int, split: str = "train") -> list[Question]:
    return [
        Question(f"{split}-{number}", problem.text, problem.answer, problem.rationale, split)
        for number, problem in enumerate(make_problems(count))
    ]


def test_training_questions_are_those_of_the_split_with_a_usable_rationale():
    questions = [*made(4), *made(2, "test")]
    questions[1] = replace(questions[1], rationale=None)
    questions[2] = replace(questions[2], teacher_correct=False)
    chosen, report = choose_training(questions, split="train", rules=Rules())
    assert [question.id for question in chosen] == ["train-0", "train-3"]
    assert report.dropped["no rationale"] == 1 and report.dropped["wrong answer"] == 1
    chosen, _ = choose_training(questions, split="train", rules=Rules(wrong_rationales="keep", near_duplicates="keep"))
    assert [question.id for question in chosen] == ["train-0", "train-2", "train-3"]


def test_splits_that_hold_nothing():
    questions = made(2)
    with pytest.raises(InputError, match=r"No question has split 'dev'; the data have train\. Set data\.train_split"):
        choose_training(questions, split="dev", rules=Rules())
    with pytest.raises(InputError, match=r"No question has split 'test' to measure on; the data have train"):
        choose_evaluation(questions, split="test", limit=None)
    without = [replace(question, rationale=None) for question in questions]
    with pytest.raises(InputError, match=r"None of the 2 questions .* has a usable rationale: .*'no rationale': 2"):
        choose_training(without, split="train", rules=Rules())


def test_evaluation_questions_are_limited():
    chosen = choose_evaluation(made(5, "test"), split="test", limit=2)
    assert [question.id for question in chosen] == ["test-0", "test-1"]
    assert len(choose_evaluation(made(5, "test"), split="test", limit=None)) == 5


def test_nothing_is_trained_on_and_measured():
    questions = made(3)
    table = table_of(questions)
    check_disjoint(table[:2], table[2:])
    with pytest.raises(InputError, match="1 questions are both trained on and measured, 'train-1'"):
        check_disjoint(table[:2], table[1:])
    other = table_of([replace(questions[2], id="train-0")])
    with pytest.raises(InputError, match=r"'train-0' names a training question and another one .*Make the ids"):
        check_disjoint(table[:2], other)


def test_too_long_ones_are_passed_over_and_counted():
    questions = made(6)
    lengths = [len(encode_question(question, TOKENIZER, "sentence").encoded) for question in questions]
    limit = sorted(lengths)[3]
    fitting, told = encode_all(questions, TOKENIZER, "sentence", limit)
    assert [len(example.encoded) for example in fitting] == [length for length in lengths if length <= limit]
    assert (told.window, told.tokens, told.split) == (limit, lengths, [])
    assert told.skipped == [question.id for question, length in zip(questions, lengths, strict=True) if length > limit]
    # The limit counts those that fit.
    fitting, _ = encode_all(questions, TOKENIZER, "sentence", limit, limit=3)
    assert [example.question.id for example in fitting] == [
        question.id for question, length in zip(questions, lengths, strict=True) if length <= limit
    ][:3]
    with pytest.raises(InputError, match=f"All 6 questions .*the shortest has {min(lengths)} tokens"):
        encode_all(questions, TOKENIZER, "sentence", min(lengths) - 1)


def test_reading_can_be_stopped():
    class Stopping(Reporter):
        def cancelled(self):
            return True

    with pytest.raises(RunCancelled):
        encode_all(made(1), TOKENIZER, "sentence", 999, reporter=Stopping())


def test_tokens_that_a_tokeniser_has_no_name_for_are_counted():
    """Single characters of T5's vocabulary; a byte-level tokeniser knows every text."""
    question = Question("a", "How many?", "5", "Two naïve pens and 3 café pens make 5.")
    t5 = build_t5_tokenizer()
    examples = [encode_question(question, t5, "sentence", "encoder_decoder")] * 2
    assert count_unknown(examples, t5) == 4
    assert count_unknown([encode_question(question, TOKENIZER, "sentence")], TOKENIZER) == 0


def test_the_two_sides_of_an_encoder_decoder_have_room_each():
    t5, texts = build_t5_tokenizer(), ["How many pens are there?"]
    longest = len(encode_pair_prompt(texts[0], t5)[0])
    check_room(texts, t5, longest, longest, "encoder_decoder")
    for new, context in ((longest + 1, longest), (1, longest - 1)):
        with pytest.raises(InputError, match=f"context of {context} for each of the two"):
            check_room(texts, t5, new, context, "encoder_decoder")


def test_there_must_be_room_for_the_output():
    texts = ["How many?", "How many pens are in the box?"]
    longest = len(encode_prompt(texts[1], TOKENIZER))
    check_room(texts, TOKENIZER, 10, longest + 10)
    check_room(texts, TOKENIZER, 10**9, None)
    with pytest.raises(InputError, match=rf"has {longest} tokens; with .*max_new_tokens = 10 .* of {longest + 9}\."):
        check_room(texts, TOKENIZER, 10, longest + 9)


def test_a_step_without_a_token_of_its_own_joins_the_step_before():
    # A tokenizer that knows "..." as one token, in the mode that ends a step at every period.
    tokenizer = build_tokenizer()
    tokenizer.add_tokens([".5."])
    question = Question("a", "How many?", "5", "It is 3.5.5.5. So 5.")
    example = encode_question(question, tokenizer, "paper")
    assert set(example.encoded.token_steps) == set(range(len(example.steps)))
    joined = [question.rationale[start:end] for start, end in example.steps]
    assert "".join(joined).replace(" ", "") == question.rationale.replace(" ", "")
    alone = encode_question(question, build_tokenizer(), "paper")
    assert len(example.steps) < len(alone.steps)


@pytest.mark.parametrize("mode", ["sentence", "paper"])
def test_the_tables_give_the_examples_back(mode):
    training = [*made(7), Question("odd", "Ünï? 🇩🇪", "-2.5", "é̂ is 1.\n\n  Ω = 2.50...\t", choices=("a", "b"))]
    examples, _ = encode_all(training, TOKENIZER, mode, 999)
    questions = table_of([example.question for example in examples])
    again = examples_of_tables(questions, steps_table(examples), TOKENIZER)
    assert len(again) == len(examples)
    for before, after in zip(examples, again, strict=True):
        assert (after.question.id, after.question.text, after.question.answer, after.question.rationale) == (
            before.question.id, before.question.text, before.question.answer, before.question.rationale,
        )  # fmt: skip
        assert after.steps == before.steps
        for name in ("input_ids", "token_spans", "token_steps"):
            assert np.array_equal(getattr(after.encoded, name), getattr(before.encoded, name)), name
        assert after.encoded.num_question == before.encoded.num_question
        assert after.encoded.answer_positions == before.encoded.answer_positions


def test_the_tables_columns():
    examples, _ = encode_all(made(3), TOKENIZER, "sentence", 999)
    trained, measured = table_of([example.question for example in examples]), table_of(made(2, "test"), trained=False)
    assert trained.dtypes.equals(measured.dtypes)
    questions = pd.concat([trained, measured], ignore_index=True)
    steps, tokens = steps_table(examples), tokens_table(examples)
    for name, frame in (("questions", questions), ("steps", steps), ("tokens", tokens)):
        assert set(TABLES[name]) <= set(frame.columns), name
    assert questions["trained"].tolist() == [True] * 3 + [False] * 2
    assert len(tokens) == sum(example.encoded.num_rationale for example in examples)
    # Every row speaks of the question that its index and its id name.
    assert (questions["question"].to_numpy()[tokens["question_index"]] == tokens["question"].astype(str)).all()
    rationale = questions["rationale"].to_numpy()[steps["question_index"]]
    spans = zip(rationale, steps["character_start"], steps["character_end"], strict=True)
    assert [text[start:end] for text, start, end in spans] == steps["text"].tolist()
    for index, rows in tokens.groupby("question_index"):
        text = questions["rationale"][index]
        spans = zip(rows["character_start"], rows["character_end"], strict=True)
        assert "".join(text[start:end] for start, end in spans) == text
        assert rows["position"].tolist() == list(range(len(rows)))


def test_roles_follow_the_tokens_where_all_rationales_have_them():
    told = [replace(q, rationale=f"  So {q.rationale}\n", roles=((2, 4, "filler"),)) for q in made(2)]
    examples, _ = encode_all(told, TOKENIZER, "sentence", 999)
    tokens = tokens_table(examples)
    for index, example in enumerate(examples):
        assert example.question.rationale.startswith("So ") and example.question.roles == ((0, 2, "filler"),)
        rows = tokens[tokens["question_index"] == index]
        rows = rows[rows["character_end"] > rows["character_start"]]  # the space in front has no character of it
        assert set(rows["role"][rows["character_start"] < 2]) == {"filler"}
        assert set(rows["role"][rows["character_start"] >= 2]) == {"other"}
    half, _ = encode_all([told[0], made(2)[1]], TOKENIZER, "sentence", 999)
    assert "role" not in tokens_table(half)


def test_how_many_steps_a_question_takes():
    question = made(1)[0]
    assert number_of_steps(replace(question, num_steps=7)) == 7
    assert number_of_steps(replace(question, rationale="One. Two.\nThree.")) == 3
    assert number_of_steps(replace(question, rationale=None)) is None
