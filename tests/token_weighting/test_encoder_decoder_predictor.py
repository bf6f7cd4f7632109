"""Encoder-decoder predictors: each prefix as a plain call encodes it, and one pass as separate block-causal ones."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers.modeling_outputs import BaseModelOutput

from kpod.prompt_pairs import EncodedPair, encode_pair, fill_target
from kpod.step_splitting import split_steps
from kpod.token_weighting.encoder_decoder_predictor import EncoderDecoderPredictor
from kpod.token_weighting.prefixes import prefix_lengths
from tests.support.tiny_t5 import build_bart_tokenizer, build_pair_model, build_t5_tokenizer

QUESTIONS = (
    ("Mia has 3 pens and buys 4 more. How many has she?", "She buys 4 pens.\nSo she has 3 + 4 = 7 pens.", "7"),
    ("A box holds 12 eggs. How many do 2 boxes hold?", "Each holds 12. Two boxes: 12 * 2 = 24. Done.", "24"),
)


@pytest.fixture(
    scope="module", params=[("t5", "eager"), ("t5", "sdpa"), ("t5-untied", "sdpa"), ("bart", "sdpa"), ("bart", "eager")]
)
def setting(request):
    """A predictor without a trained adapter, and its examples."""
    family, attention = request.param
    model = build_pair_model(family)
    model.set_attn_implementation(attention)
    tokenizer = build_bart_tokenizer() if family == "bart" else build_t5_tokenizer()
    examples = [encode_pair(q, fill_target(r, y), split_steps(r, "sentence"), tokenizer) for q, r, y in QUESTIONS]
    predictor = EncoderDecoderPredictor(model, one_pass=False, rank=2, mask="learned", pad_id=tokenizer.pad_token_id)
    return predictor, examples


def prefixes_of(examples, mode="all"):
    return [prefix_lengths(example, mode) for example in examples]


def logits_of(predictor, examples, prefixes, one_pass):
    batch = predictor.batch(examples, prefixes)
    full_BM = torch.ones(len(examples), max(example.num_rationale for example in examples))
    predictor.one_pass = one_pass
    with torch.no_grad():
        return predictor.answer_logits(batch, full_BM, torch.zeros(predictor.embedding.weight.shape[1])), batch


def decoder_row(example: EncodedPair, start_id: int) -> torch.Tensor:
    begin = example.decoder_ids[: example.num_begin]
    return torch.tensor([start_id, *begin, *example.trigger_ids, *example.answer_ids[:-1]])


def test_every_prefix_is_read_as_a_plain_call_reads_it(setting):
    predictor, examples = setting
    prefixes = prefixes_of(examples)
    got_NV, batch = logits_of(predictor, examples, prefixes, one_pass=False)
    expected, targets = [], []
    for example, lengths in zip(examples, prefixes, strict=True):
        opened = example.num_encoder - example.num_encoder_end
        for length in lengths:
            encoder, closing = example.encoder_ids[:opened], example.encoder_ids[opened:]
            ids = np.concatenate([encoder, example.rationale_ids[:length], closing])
            decoder = decoder_row(example, predictor.model.config.decoder_start_token_id)
            with torch.no_grad():
                logits = predictor.model(input_ids=torch.from_numpy(ids)[None], decoder_input_ids=decoder[None]).logits
            expected.append(logits[0, -len(example.answer_ids) :])
            targets.extend(example.answer_ids)
    assert (got_NV - torch.cat(expected)).abs().max() < 1e-5
    assert batch.targets_N.tolist() == targets


def test_one_pass_equals_separate_block_causal_passes(setting):
    predictor, examples = setting
    prefixes = prefixes_of(examples)
    got_NV, _ = logits_of(predictor, examples, prefixes, one_pass=True)
    expected = []
    for example, lengths in zip(examples, prefixes, strict=True):
        question = example.encoder_ids[: example.num_encoder - example.num_encoder_end]
        for length in lengths:
            ids = torch.from_numpy(np.concatenate([question, example.rationale_ids[:length]]))
            size, asked = len(ids), len(question)
            scores = torch.full((size, size), torch.finfo(torch.float32).min)
            for reader in range(size):
                scores[reader, : asked if reader < asked else reader + 1] = 0
            with torch.no_grad():
                states = predictor.model.get_encoder()(input_ids=ids[None], attention_mask=scores[None, None])[0]
                logits = predictor.model(
                    encoder_outputs=BaseModelOutput(states),
                    decoder_input_ids=decoder_row(example, predictor.model.config.decoder_start_token_id)[None],
                ).logits
            expected.append(logits[0, -len(example.answer_ids) :])
    assert (got_NV - torch.cat(expected)).abs().max() < 1e-5


def test_the_two_differ(setting):
    predictor, examples = setting
    exact, _ = logits_of(predictor, examples, prefixes_of(examples), one_pass=False)
    one_pass, _ = logits_of(predictor, examples, prefixes_of(examples), one_pass=True)
    assert (exact - one_pass).abs().max() > 1e-3
