"""What follows a prefix must stay predictable too: which tokens that is, in one pass as in separate ones, its loss."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM

from kpod.preparation import encode_question
from kpod.prompt_pairs import encode_pair, fill_target
from kpod.records import Question
from kpod.step_splitting import split_steps
from kpod.students.loading import load_tokenizer
from kpod.students.supervised_logits import logits_at
from kpod.token_weighting.encoder_decoder_predictor import EncoderDecoderPredictor
from kpod.token_weighting.learner import MaskLearner
from kpod.token_weighting.losses import answer_loss, rationale_loss
from kpod.token_weighting.prefixes import Continuation, build_prefix_batch, drawn_continuation, prefix_lengths
from kpod.token_weighting.sums import summed_loss
from tests.support.mask_learning import options
from tests.support.tiny_students import load_student
from tests.support.tiny_t5 import build_bart_tokenizer, build_pair_model, build_t5_tokenizer

TEXTS = (
    ("Mia has 3 pens and buys 4 more. How many has she?", "She buys 4 pens.\nSo she has 3 + 4 = 7 pens.", "7"),
    ("A box holds 12 eggs. How many do 2 boxes hold?", "Each holds 12. Two boxes: 12 * 2 = 24. Done.", "24"),
    ("Tom has 5 pens. How many has he?", "He has 5 pens.", "5"),
)


def encoded(tokenizer):
    questions = [Question(str(index), x, y, r) for index, (x, r, y) in enumerate(TEXTS)]
    return [encode_question(question, tokenizer, "sentence").encoded for question in questions]


@pytest.fixture(scope="module")
def examples(tiny_llama_folder):
    return encoded(load_tokenizer(tiny_llama_folder))


def rationale_of(example):
    return example.input_ids[example.num_question : example.rationale_end]


def test_it_begins_with_a_step_and_goes_on_to_the_end(examples):
    example = examples[1]
    drawn = [drawn_continuation(example, (0, epoch, 7)) for epoch in range(200)]
    begins = {found.length for found in drawn}
    assert sorted(begins) == prefix_lengths(example, "steps")[:-1] and len(begins) == 2
    assert all(np.array_equal(found.ids, rationale_of(example)[found.length :]) for found in drawn)
    counts = [sum(found.length == begin for found in drawn) for begin in begins]
    assert min(counts) > 70  # of 200, were one as likely as the other: seven standard deviations are 50
    assert drawn_continuation(example, (3, 1)).length == drawn_continuation(example, (3, 1)).length


def test_a_rationale_of_one_step_has_none(examples):
    assert drawn_continuation(examples[2], (0,)) is None


def test_another_predictors_tokens_begin_with_the_same_step(examples):
    tokenizer = build_t5_tokenizer()
    question, rationale, answer = TEXTS[1]
    told = encode_pair(question, fill_target(rationale, answer), split_steps(rationale, "sentence"), tokenizer)
    for seed in range(8):
        found = drawn_continuation(examples[1], (seed,), told)
        step = examples[1].token_steps[found.length]
        assert np.array_equal(found.ids, rationale_of(told)[told.token_steps >= step])


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
@pytest.mark.parametrize("family", ["llama", "gpt2", "qwen2"])
def test_one_pass_equals_a_pass_of_its_own(request, family, attention):
    folder = request.getfixturevalue(f"tiny_{family}_folder")
    model = AutoModelForCausalLM.from_pretrained(folder, attn_implementation=attention).eval()
    examples = encoded(load_tokenizer(folder))
    prefixes = [prefix_lengths(example, "steps") for example in examples]
    continuations = [drawn_continuation(example, (1, row)) for row, example in enumerate(examples)]
    batch = build_prefix_batch(examples, prefixes, 0, continuations=continuations)
    alone = build_prefix_batch(examples, prefixes, 0)

    def logits(of):
        places = {"attention_mask": of.attention_mask_B1LL, "position_ids": of.position_ids_BL}
        with torch.no_grad():
            return logits_at(model, of.predicts_BL, input_ids=of.input_ids_BL, **places)

    got_NV = logits(batch)
    answers_N = ~batch.continues_N
    assert (got_NV[answers_N] - logits(alone)).abs().max() < 1e-5
    assert torch.equal(batch.targets_N[answers_N], alone.targets_N) and not alone.continues_N.any()
    for row, (example, continuation) in enumerate(zip(examples, continuations, strict=True)):
        own_N = batch.continues_N & (batch.row_N == row)
        if continuation is None:
            assert not own_N.any()
            continue
        # Nothing but the rationale itself, read once: its second part sees the first.
        with torch.no_grad():
            whole_LV = model(input_ids=torch.from_numpy(example.input_ids[: example.rationale_end])[None]).logits[0]
        begin = example.num_question + continuation.length
        assert (got_NV[own_N] - whole_LV[begin : example.rationale_end - 1]).abs().max() < 1e-5
        assert batch.targets_N[own_N].tolist() == example.input_ids[begin + 1 : example.rationale_end].tolist()
        assert set(batch.prefix_N[own_N].tolist()) == {continuation.length}
    assert batch.num_tokens - alone.num_tokens == sum(len(each.ids) - 1 for each in continuations if each)


def test_it_sees_its_prefix_masked_and_nothing_behind_that(tiny_llama_folder, examples):
    learner = MaskLearner(load_student(tiny_llama_folder)[0], options(), 10, 0)
    example, length = examples[1], prefix_lengths(examples[1], "steps")[0]
    batch = learner.predictor.batch([example], [[length]], [Continuation(length, rationale_of(example)[length:])])
    mask = torch.ones(1, example.num_rationale, requires_grad=True)
    logits_NV = learner.predictor.answer_logits(batch, mask, None)[batch.continues_N]
    gradient = torch.autograd.grad(logits_NV.square().sum(), mask)[0][0]
    assert (gradient[:length] != 0).all() and (gradient[length:] == 0).all()


@pytest.mark.parametrize("family", ["t5", "bart"])
@pytest.mark.parametrize("one_pass", [False, True])
def test_an_encoder_decoder_predictor_writes_it_after_the_encoded_prefix(family, one_pass):
    model = build_pair_model(family)
    tokenizer = build_bart_tokenizer() if family == "bart" else build_t5_tokenizer()
    pairs = [encode_pair(x, fill_target(r, y), split_steps(r, "sentence"), tokenizer) for x, r, y in TEXTS]
    predictor = EncoderDecoderPredictor(model, one_pass=one_pass, rank=2, mask="key_bias", pad_id=0)
    prefixes = [prefix_lengths(pair, "steps") for pair in pairs]
    continuations = [drawn_continuation(pair, (row,)) for row, pair in enumerate(pairs)]
    full_BM = torch.ones(len(pairs), max(pair.num_rationale for pair in pairs))
    batch, alone = predictor.batch(pairs, prefixes, continuations), predictor.batch(pairs, prefixes)
    with torch.no_grad():
        got_NV, answers_NV = (predictor.answer_logits(each, full_BM, None) for each in (batch, alone))
    assert (got_NV[~batch.continues_N] - answers_NV).abs().max() < 1e-5
    for row, (pair, continuation) in enumerate(zip(pairs, continuations, strict=True)):
        own_N = batch.continues_N & (batch.row_N == row)
        if continuation is None:
            assert not own_N.any()
            continue
        assert batch.targets_N[own_N].tolist() == continuation.ids[1:].tolist()
        if one_pass:
            continue
        opened = pair.num_encoder - pair.num_encoder_end
        prefix = pair.rationale_ids[: continuation.length]
        ids = np.concatenate([pair.encoder_ids[:opened], prefix, pair.encoder_ids[opened:]])
        start = [model.config.decoder_start_token_id, *pair.decoder_ids[: pair.num_begin]]
        decoder = torch.tensor([*start, *continuation.ids[:-1]])
        with torch.no_grad():
            plain_TV = model(input_ids=torch.from_numpy(ids)[None], decoder_input_ids=decoder[None]).logits[0]
        assert (got_NV[own_N] - plain_TV[len(start) :]).abs().max() < 1e-5


LOGITS = torch.tensor([[0.0, 0.0], [2.0, 0.0], [-1.0, 0.0], [5.0, 0.0], [3.0, 0.0]])
TARGETS, ROWS = torch.tensor([0, 0, 1, 0, 0]), torch.tensor([0, 0, 0, 1, 1])
CONTINUES = torch.tensor([False, False, True, False, True])
# With two classes and logits (l, 0) the NLL of class 0 is log(1 + e^-l), and that of class 1 log(1 + e^l).
NLL = [math.log(1 + math.exp(-l)) for l in (0.0, 2.0, 1.0, 5.0, 3.0)]  # noqa: E741


def test_the_loss_is_the_answers_and_a_share_of_the_continuations():
    answers = ((NLL[0] + NLL[1]) / 2 + NLL[3]) / 2
    rest = (NLL[2] + NLL[4]) / 2
    loss = rationale_loss(LOGITS, TARGETS, ROWS, CONTINUES, 2, 0.25)
    assert loss.total.item() == pytest.approx(answers + 0.25 * rest, rel=1e-6)
    assert loss.figures("full") == {
        "nll_full": pytest.approx(answers, rel=1e-6), "rest_full": pytest.approx(rest, rel=1e-6)
    }  # fmt: skip
    assert rationale_loss(LOGITS, TARGETS, ROWS, CONTINUES, 2, 0.0).total.item() == pytest.approx(answers, rel=1e-6)
    none = torch.zeros(5, dtype=torch.bool)
    without = rationale_loss(LOGITS, TARGETS, ROWS, none, 2, 0.25)
    assert without.total == answer_loss(LOGITS, TARGETS, ROWS, 2) and set(without.figures("full")) == {"nll_full"}
    summed = NLL[0] + NLL[1] + NLL[3] + 0.25 * (NLL[2] + NLL[4])
    assert summed_loss(LOGITS, TARGETS, CONTINUES, 2, 0.25).item() == pytest.approx(summed / 2, rel=1e-6)


def test_rationales_without_a_continuation_are_left_out_of_its_mean():
    first_alone = torch.tensor([False, False, True, False, False])
    answers = ((NLL[0] + NLL[1]) / 2 + (NLL[3] + NLL[4]) / 2) / 2
    loss = rationale_loss(LOGITS, TARGETS, ROWS, first_alone, 2, 1.0)
    assert loss.total.item() == pytest.approx(answers + NLL[2], rel=1e-6)


def test_what_the_answers_were_worth_at_first_is_theirs_alone_and_kept(tiny_llama_folder, examples):
    learner = MaskLearner(load_student(tiny_llama_folder)[0], options(rest_weight=0.5), 10, 0)
    continuations = [drawn_continuation(example, (row,)) for row, example in enumerate(examples)]
    prefixes = [prefix_lengths(example, "steps") for example in examples]
    both, alone = (learner.predictor.batch(examples, prefixes, each) for each in (continuations, None))
    nothing = torch.zeros(len(examples), max(example.num_rationale for example in examples))
    with torch.no_grad():
        loss, answers = (learner.loss_under(batch, nothing).total.item() for batch in (both, alone))
    assert loss > answers + 0.1
    learner.train_both(both, 0)
    assert learner.price.first_empty == learner.price.nll_empty == pytest.approx(answers, rel=1e-5)
    assert learner.price.loss_empty == pytest.approx(loss, rel=1e-5)
    for seed in range(1, 3):
        figures = learner.train_both(both, seed)
        assert figures["loss"] == pytest.approx(figures["nll_masked"] + 0.5 * figures["rest_masked"], rel=1e-6)
    assert learner.price.first_empty == pytest.approx(answers, rel=1e-5)
    assert learner.price.loss_empty > learner.price.nll_empty + 0.1
