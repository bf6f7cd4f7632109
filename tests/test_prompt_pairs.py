"""The template in two texts: every token in its part and step, and given steps on either side, by the same tokens."""

from __future__ import annotations

import numpy as np
import pytest

from kpod.prompt_pairs import encode_pair, encode_pair_answer_only, encode_pair_prompt, fill_target
from kpod.prompts import question_prompt
from tests.support.tiny_t5 import build_bart_tokenizer, build_t5_tokenizer

T5, BART = build_t5_tokenizer(), build_bart_tokenizer()
TOKENIZERS = pytest.mark.parametrize("tokenizer", [T5, BART], ids=["t5", "bart"])
QUESTION = "Mia has 3 pens. How many are 2 more?"
RATIONALE = "3 pens are there.\nWith 2 more it has 3 + 2 = 5 pens."
STEPS = [(0, 17), (18, len(RATIONALE))]


def encode(tokenizer, rationale=RATIONALE, steps=STEPS, given=""):
    return encode_pair(QUESTION, fill_target(rationale, "5", given), steps, tokenizer)


def text_of(ids, tokenizer):
    return tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)


def squeezed(text):
    return " ".join(text.split())


def without_space(text):
    return "".join(text.split())


@TOKENIZERS
def test_the_parts_of_both_texts(tokenizer):
    pair = encode(tokenizer)
    assert squeezed(text_of(pair.encoder_ids, tokenizer)) == squeezed(question_prompt(QUESTION))
    whole = f"{RATIONALE} Therefore, the answer is 5."
    assert squeezed(text_of(pair.decoder_ids, tokenizer)) == squeezed(whole)
    assert squeezed(text_of(pair.rationale_ids, tokenizer)) == squeezed(RATIONALE)
    assert squeezed(text_of(pair.trigger_ids, tokenizer)) == "Therefore, the answer is"
    assert squeezed(text_of(pair.answer_ids, tokenizer)) == "5"
    assert np.concatenate([pair.encoder_ids, pair.decoder_ids]).tolist() == pair.input_ids.tolist()
    assert pair.decoder_ids[-1] == tokenizer.eos_token_id and (pair.decoder_ids == tokenizer.eos_token_id).sum() == 1


def test_the_special_tokens_of_both_families():
    t5, bart = encode(T5), encode(BART)
    assert (t5.num_encoder_end, t5.num_begin, t5.encoder_ids[-1]) == (1, 0, T5.eos_token_id)
    assert t5.num_question == t5.num_encoder
    assert (bart.num_encoder_end, bart.num_begin) == (1, 1)
    assert (bart.encoder_ids[0], bart.encoder_ids[-1]) == (BART.bos_token_id, BART.eos_token_id)
    assert bart.decoder_ids[0] == BART.bos_token_id and bart.num_question == bart.num_encoder + 1


@TOKENIZERS
def test_every_character_of_the_rationale_has_one_token_and_every_token_its_step(tokenizer):
    pair = encode(tokenizer)
    pieces = [RATIONALE[start:end] for start, end in pair.token_spans]
    assert "".join(pieces) == RATIONALE
    first = "".join(piece for piece, step in zip(pieces, pair.token_steps, strict=True) if step == 0)
    assert first.strip() == "3 pens are there."
    assert (np.diff(pair.token_steps) >= 0).all() and set(pair.token_steps.tolist()) == {0, 1}


@TOKENIZERS
def test_a_part_of_a_rationale_stands_behind_what_is_given(tokenizer):
    second = RATIONALE[18:]
    pair = encode(tokenizer, second, [(0, len(second))], given=RATIONALE[:18])
    assert squeezed(text_of(pair.rationale_ids, tokenizer)) == second
    given = pair.input_ids[pair.num_encoder : pair.num_question]
    assert squeezed(text_of(given, tokenizer)) == "3 pens are there."
    assert pair.token_spans.min() == 0 and pair.token_spans.max() == len(second)
    encoder, decoder = pair.sides(0)
    assert without_space(text_of(pair.input_ids[encoder], tokenizer)) == without_space(
        question_prompt(QUESTION) + "3 pens are there."
    )
    assert squeezed(text_of(pair.input_ids[decoder], tokenizer)) == f"{second} Therefore, the answer is 5."


@TOKENIZERS
def test_given_steps_move_to_the_encoder_by_their_own_tokens(tokenizer):
    pair = encode(tokenizer)
    encoder, decoder = pair.sides(1)
    assert sorted([*encoder, *decoder]) == list(range(len(pair)))
    ids = pair.input_ids
    read = text_of(ids[encoder], tokenizer)
    assert without_space(read) == without_space(question_prompt(QUESTION) + "3 pens are there.")
    assert tokenizer is BART or read.endswith("step by step. 3 pens are there.")
    assert ids[encoder][-1] == tokenizer.eos_token_id  # it closes what the encoder reads, wherever the steps stand
    assert ids[decoder][: pair.num_begin].tolist() == [tokenizer.bos_token_id] * pair.num_begin
    assert squeezed(text_of(ids[decoder], tokenizer)) == (
        "With 2 more it has 3 + 2 = 5 pens. Therefore, the answer is 5."
    )


@TOKENIZERS
@pytest.mark.parametrize("given", [None, 0])
def test_without_given_steps_both_ways_are_one(tokenizer, given):
    pair = encode(tokenizer)
    encoder, decoder = pair.sides(given)
    assert pair.input_ids[encoder].tolist() == pair.encoder_ids.tolist()
    assert pair.input_ids[decoder].tolist() == pair.decoder_ids.tolist()


@TOKENIZERS
def test_all_steps_given_leave_the_answer_sentence(tokenizer):
    pair = encode(tokenizer)
    _, decoder = pair.sides(9)
    assert squeezed(text_of(pair.input_ids[decoder], tokenizer)) == "Therefore, the answer is 5."


@TOKENIZERS
def test_the_answer_alone(tokenizer):
    pair = encode_pair_answer_only(QUESTION, "1,250", tokenizer)
    assert pair.num_rationale == 0 and pair.rationale_end == pair.num_question
    assert squeezed(text_of(pair.decoder_ids, tokenizer)) == "Therefore, the answer is 1,250."
    assert squeezed(text_of(pair.answer_ids, tokenizer)) == "1,250"


@TOKENIZERS
def test_the_prompt_is_what_the_encoder_reads_in_training(tokenizer):
    asked, begin = encode_pair_prompt(QUESTION, tokenizer)
    pair = encode(tokenizer)
    assert asked == pair.encoder_ids.tolist() and begin == pair.decoder_ids[: pair.num_begin].tolist()
