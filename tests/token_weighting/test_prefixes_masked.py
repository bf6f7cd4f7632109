"""One pass over all prefixes gives the logits of separate passes under masks too, whole, gone and anything between.

The separate passes are plain calls of the model, with scores and embeddings that are masked here.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM
from transformers.modeling_outputs import BaseModelOutput

from kpod.preparation import encode_question
from kpod.prompt_pairs import encode_pair, fill_target
from kpod.records import Question
from kpod.step_splitting import split_steps
from kpod.students.loading import load_tokenizer
from kpod.token_weighting.encoder_decoder_predictor import EncoderDecoderPredictor
from kpod.token_weighting.predictor import CausalPredictor
from kpod.token_weighting.prefixes import drawn_continuation, prefix_lengths
from tests.support.tiny_t5 import build_pair_model, build_t5_tokenizer

TEXTS = (
    ("Mia has 3 pens and buys 4 more. How many has she?", "She buys 4 pens.\nSo she has 3 + 4 = 7 pens.", "7"),
    ("A box holds 12 eggs. How many do 2 boxes hold?", "Each holds 12. Two boxes: 12 * 2 = 24. Done.", "24"),
)
LOWEST = torch.finfo(torch.float32).min


def mask_of(examples):
    """Of a token anything from 0 to 1; both ends are among them, and the rows differ."""
    size = max(example.num_rationale for example in examples)
    mask_BM = torch.rand(len(examples), size, generator=torch.Generator().manual_seed(5))
    mask_BM[:, 0], mask_BM[:, 1] = 0.0, 1.0
    return mask_BM


def key_bias(mask_M, before, after):
    """What a row's keys lose: log(m + 1e-6) in the rationale, nothing before and after it."""
    return torch.cat([torch.zeros(before), torch.log(mask_M + 1e-6), torch.zeros(after)])


def causal_logits(model, ids, mask_M, num_question, kind, mask_embedding_D):
    """Logits (L, V) of one row `question | masked prefix | what is read after it`."""
    ids_L = torch.from_numpy(ids)
    embeddings_LD = model.get_input_embeddings()(ids_L)
    end = num_question + len(mask_M)
    scores_LL = torch.full((len(ids), len(ids)), LOWEST).triu(1)
    if kind == "key_bias":
        scores_LL = (scores_LL + key_bias(mask_M, num_question, len(ids) - end)).clamp(min=LOWEST)
    else:
        instead_MD = (1 - mask_M[:, None]) * mask_embedding_D if kind == "learned" else 0.0
        embeddings_LD[num_question:end] = mask_M[:, None] * embeddings_LD[num_question:end] + instead_MD
    return model(inputs_embeds=embeddings_LD[None], attention_mask=scores_LL[None, None]).logits[0]


@pytest.mark.parametrize("mode", ["steps", "all"])
@pytest.mark.parametrize("kind", ["key_bias", "zero", "learned"])
@pytest.mark.parametrize("attention", ["sdpa", "eager"])
@pytest.mark.parametrize("family", ["llama", "gpt2", "qwen2"])
@torch.no_grad()
def test_one_pass_of_a_causal_model_equals_separate_passes(request, family, attention, kind, mode):
    folder = request.getfixturevalue(f"tiny_{family}_folder")
    tokenizer = load_tokenizer(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, attn_implementation=attention).eval()
    examples = [encode_question(Question(x, x, y, r), tokenizer, "sentence").encoded for x, r, y in TEXTS]
    predictor = CausalPredictor(model, rank=2, mask=kind, pad_id=tokenizer.pad_token_id)
    prefixes = [prefix_lengths(example, mode) for example in examples]
    continuations = [drawn_continuation(example, (1, row)) for row, example in enumerate(examples)]
    mask_BM = mask_of(examples)
    embedding_D = torch.linspace(-0.5, 0.5, 32) if kind == "learned" else None
    got_NV = predictor.answer_logits(predictor.batch(examples, prefixes, continuations), mask_BM, embedding_D)
    expected = []
    for example, lengths, continuation, mask_M in zip(examples, prefixes, continuations, mask_BM, strict=True):
        asked = example.num_question
        answer_start, answer_end = example.answer_positions
        read = [(length, example.input_ids[example.rationale_end : answer_end - 1]) for length in lengths]
        counts = [answer_end - answer_start] * len(lengths) + [len(continuation.ids) - 1]
        for (length, after), count in zip([*read, (continuation.length, continuation.ids[:-1])], counts, strict=True):
            ids = np.concatenate([example.input_ids[: asked + length], after])
            expected.append(causal_logits(model, ids, mask_M[:length], asked, kind, embedding_D)[-count:])
    assert (got_NV - torch.cat(expected)).abs().max() < 1e-5


@pytest.mark.parametrize("one_pass", [False, True])
@pytest.mark.parametrize("attention", ["sdpa", "eager"])
@torch.no_grad()
def test_t5_reads_masked_prefixes_as_separate_passes_do(attention, one_pass):
    """Encoder and decoder both pass over a masked key."""
    model, tokenizer = build_pair_model("t5-untied"), build_t5_tokenizer()
    model.set_attn_implementation(attention)
    examples = [encode_pair(x, fill_target(r, y), split_steps(r, "sentence"), tokenizer) for x, r, y in TEXTS]
    predictor = EncoderDecoderPredictor(model, one_pass=one_pass, rank=2, mask="key_bias", pad_id=0)
    prefixes = [prefix_lengths(example, "all") for example in examples]
    mask_BM = mask_of(examples)
    got_NV = predictor.answer_logits(predictor.batch(examples, prefixes), mask_BM, None)
    expected = []
    for example, lengths, mask_M in zip(examples, prefixes, mask_BM, strict=True):
        asked = example.num_encoder - example.num_encoder_end
        closing = example.encoder_ids[asked:] if not one_pass else example.encoder_ids[:0]
        begin = [model.config.decoder_start_token_id, *example.decoder_ids[: example.num_begin]]
        decoder = torch.tensor([*begin, *example.trigger_ids, *example.answer_ids[:-1]])
        for length in lengths:
            ids = np.concatenate([example.encoder_ids[:asked], example.rationale_ids[:length], closing])
            bias_L = key_bias(mask_M[:length], asked, len(closing))
            scores_LL = bias_L.expand(len(ids), -1).clone()
            for reader in range(len(ids) if one_pass else 0):
                scores_LL[reader, asked if reader < asked else reader + 1 :] = LOWEST
            states = model.get_encoder()(input_ids=torch.from_numpy(ids)[None], attention_mask=scores_LL[None, None])[0]
            out = model(
                encoder_outputs=BaseModelOutput(states),
                attention_mask=bias_L[None, None, None],
                decoder_input_ids=decoder[None],
            )
            expected.append(out.logits[0, -len(example.answer_ids) :])
    assert (got_NV - torch.cat(expected)).abs().max() < 1e-5
