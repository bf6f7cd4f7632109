"""What is reported of the two encodings: of the answers alone, whatever else the batch holds to predict."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers.modeling_outputs import BaseModelOutput

from kpod.prompt_pairs import encode_pair, fill_target
from kpod.step_splitting import split_steps
from kpod.token_weighting.encoding_difference import encoding_difference
from kpod.token_weighting.learner import MaskLearner
from kpod.token_weighting.prefixes import drawn_continuation, prefix_lengths
from tests.support.mask_learning import options
from tests.support.tiny_students import encoded_examples, load_student
from tests.support.tiny_t5 import build_pair_model, build_t5_tokenizer

TEXTS = (
    ("Mia has 3 pens and buys 4 more. How many has she?", "She buys 4 pens.\nSo she has 3 + 4 = 7 pens.", "7"),
    ("A box holds 12 eggs. How many do 2 boxes hold?", "Each holds 12. Two boxes: 12 * 2 = 24. Done.", "24"),
)


def answer_nlls(model, examples, *, one_pass):
    """Of every answer token after every step's prefix, by plain calls of the model on that prefix alone."""
    found = []
    for example in examples:
        asked = example.num_encoder - example.num_encoder_end
        closing = [] if one_pass else example.encoder_ids[asked:]
        begin = [model.config.decoder_start_token_id, *example.decoder_ids[: example.num_begin]]
        decoder = torch.tensor([[*begin, *example.trigger_ids, *example.answer_ids[:-1]]])
        for length in prefix_lengths(example, "steps"):
            ids = np.concatenate([example.encoder_ids[:asked], example.rationale_ids[:length], closing]).astype(int)
            seen_LL = torch.ones(len(ids), len(ids), dtype=torch.bool)
            if one_pass:
                seen_LL = seen_LL.tril() | (torch.arange(len(ids)) < asked)
            scores_LL = torch.zeros(seen_LL.shape).masked_fill(~seen_LL, torch.finfo(torch.float32).min)
            states = model.get_encoder()(input_ids=torch.from_numpy(ids)[None], attention_mask=scores_LL[None, None])[0]
            logits = model(encoder_outputs=BaseModelOutput(states), decoder_input_ids=decoder).logits[0]
            targets = torch.from_numpy(example.answer_ids)
            found.append(torch.nn.functional.cross_entropy(logits[-len(targets) :], targets, reduction="none"))
    return torch.cat(found)


@pytest.mark.parametrize("encoding", ["exact", "one_pass"])
@torch.no_grad()
def test_it_is_that_of_the_answers_with_and_without_continuations(encoding):
    tokenizer = build_t5_tokenizer()
    examples = [encode_pair(x, fill_target(r, y), split_steps(r, "sentence"), tokenizer) for x, r, y in TEXTS]
    learner = MaskLearner(build_pair_model("t5-untied"), options(encoding=encoding, rest_weight=0.5), 10, 0)
    prefixes = [prefix_lengths(example, "steps") for example in examples]
    continuations = [drawn_continuation(example, (row,)) for row, example in enumerate(examples)]
    both, alone = (learner.predictor.batch(examples, prefixes, each) for each in (continuations, None))
    assert len(both.targets_N) > len(alone.targets_N)
    exact, one_pass = (answer_nlls(learner.predictor.model, examples, one_pass=each) for each in (False, True))
    expected = {
        "nll_exact": exact.mean().item(),
        "nll_one_pass": one_pass.mean().item(),
        "encoding_difference": (one_pass - exact).abs().mean().item(),
    }
    assert expected["encoding_difference"] > 0.01
    for batch in (both, alone):
        assert encoding_difference(learner, batch) == pytest.approx(expected, rel=1e-4)
        assert learner.predictor.one_pass == (encoding == "one_pass")  # as it was chosen


def test_a_causal_predictor_has_none(tiny_llama_folder):
    model, tokenizer = load_student(tiny_llama_folder)
    learner = MaskLearner(model, options(rest_weight=0.5), 10, 0)
    examples = encoded_examples(tokenizer, 2, longest=120)
    continuations = [drawn_continuation(example, (row,)) for row, example in enumerate(examples)]
    prefixes = [prefix_lengths(example, "steps") for example in examples]
    assert encoding_difference(learner, learner.predictor.batch(examples, prefixes, continuations)) == {}
