"""Logits at the supervised positions against all logits, in a training step with a large vocabulary."""

from __future__ import annotations

import time

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from kpod.students.supervised_logits import logits_at

ROWS, LENGTH, SUPERVISED = 2, 160, 60
REPETITIONS = 2


def step_seconds(model: LlamaForCausalLM, input_ids: torch.Tensor, mask: torch.Tensor, *, thinned: bool) -> float:
    """The fastest of some forward and backward passes."""
    times = []
    for _ in range(REPETITIONS):
        model.zero_grad(set_to_none=True)
        start = time.perf_counter()
        logits = (
            logits_at(model, mask, input_ids=input_ids)
            if thinned
            else model(input_ids=input_ids, use_cache=False).logits[mask]
        )
        torch.nn.functional.cross_entropy(logits, input_ids[mask]).backward()
        times.append(time.perf_counter() - start)
    return min(times)


@pytest.mark.benchmark
def test_supervised_logits_against_all_logits(capsys):
    config = LlamaConfig(
        vocab_size=49152,
        hidden_size=576,
        intermediate_size=1536,
        num_hidden_layers=3,
        num_attention_heads=9,
        num_key_value_heads=3,
        tie_word_embeddings=True,
    )
    torch.manual_seed(0)
    model = LlamaForCausalLM(config)
    input_ids = torch.randint(0, config.vocab_size, (ROWS, LENGTH))
    mask = torch.zeros(ROWS, LENGTH, dtype=torch.bool)
    mask[:, -SUPERVISED:] = True
    full = step_seconds(model, input_ids, mask, thinned=False)
    selected = step_seconds(model, input_ids, mask, thinned=True)
    with torch.no_grad():
        expected = model(input_ids=input_ids, use_cache=False).logits[mask]
        torch.testing.assert_close(logits_at(model, mask, input_ids=input_ids), expected, atol=1e-4, rtol=1e-4)
    with capsys.disabled():
        print(f"\n{ROWS} x {LENGTH} tokens, {SUPERVISED} of {LENGTH} supervised, 3 layers, vocabulary 49,152")
        print(f"all logits {full:.2f} s, supervised only {selected:.2f} s, ratio {full / selected:.2f}")
