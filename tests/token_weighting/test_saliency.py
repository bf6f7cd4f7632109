"""Attention received and gradient times input, against plain forms of one example at a time."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from kpod.errors import RunCancelled
from kpod.progress import Reporter
from kpod.token_weighting.saliency import attention_received, gradient_times_input
from tests.support.tiny_students import encoded_examples, load_student


@pytest.fixture(scope="module", params=["llama", "gpt2"])
def setting(request):
    model, tokenizer = load_student(request.getfixturevalue(f"tiny_{request.param}_folder"))
    return model, encoded_examples(tokenizer, 5)


def test_attention_against_one_example_at_a_time(setting):
    model, examples = setting
    before = model.config._attn_implementation
    found = attention_received(model, examples, pad_id=0)
    assert model.config._attn_implementation == before
    model.set_attn_implementation("eager")
    for example, got in zip(examples, found, strict=True):
        ids = torch.from_numpy(example.input_ids)[None]
        with torch.no_grad():
            attentions = model(ids, output_attentions=True).attentions
        expected = np.zeros(example.num_rationale)
        start, end = example.answer_positions
        for layer in attentions:
            for head in layer[0].numpy():
                for position in range(start - 1, end - 1):
                    expected += head[position, example.num_question : example.rationale_end]
        count = len(attentions) * attentions[0].shape[1] * (end - start)
        assert got == pytest.approx(expected / count, abs=1e-6)
        assert 0 < got.sum() < 1
    model.set_attn_implementation(before)


def test_gradient_against_finite_differences(setting):
    model, examples = setting
    shortest = min(range(len(examples)), key=lambda row: len(examples[row]))
    example = examples[shortest]
    found = gradient_times_input(model, examples, pad_id=0)[shortest]
    ids = torch.from_numpy(example.input_ids)[None]
    embeddings = model.get_input_embeddings()(ids).detach().double()
    doubled = model.double()
    start, end = example.answer_positions

    def likelihood(scales):
        scaled = embeddings.clone()
        scaled[0, example.num_question : example.rationale_end] *= scales[:, None]
        with torch.no_grad():
            logits = doubled(inputs_embeds=scaled).logits[0]
        return logits.log_softmax(-1)[range(start - 1, end - 1), example.input_ids[start:end]].sum().item()

    # d log p / d scale at scale 1 is e . dlog p / de. Llama's norms stay in float32 whatever the model is in.
    step = 1e-2
    for j in np.argsort(-found)[:3]:
        scales = torch.ones(example.num_rationale, dtype=torch.float64)
        up, down = scales.clone(), scales.clone()
        up[j] += step
        down[j] -= step
        expected = abs(likelihood(up) - likelihood(down)) / (2 * step)
        assert found[j] == pytest.approx(expected, rel=2e-2, abs=3e-4)
        assert expected > 0.01
    model.float()


def test_batches_change_nothing_and_a_stop_is_heeded(setting, monkeypatch):
    class Stopping(Reporter):
        def cancelled(self):
            return True

    model, examples = setting
    together = gradient_times_input(model, examples, pad_id=0)
    monkeypatch.setattr("kpod.token_weighting.saliency.TOKENS_A_BATCH", 1)
    alone = gradient_times_input(model, examples, pad_id=0)
    assert all(a == pytest.approx(b, rel=1e-3, abs=1e-6) for a, b in zip(together, alone, strict=True))
    for measure in (attention_received, gradient_times_input):
        with pytest.raises(RunCancelled):
            measure(model, examples, pad_id=0, reporter=Stopping())
