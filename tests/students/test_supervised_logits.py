from __future__ import annotations

import pytest
import torch
from peft import LoraConfig, get_peft_model, inject_adapter_in_model
from transformers import AutoModelForCausalLM, Gemma2Config, GraniteConfig, PretrainedConfig

from kpod.students.supervised_logits import logits_at
from tests.support.tiny_models import VOCABULARY_SIZE, tiny_config

SHAPE = {
    "vocab_size": VOCABULARY_SIZE,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 64,
    "initializer_range": 0.2,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
CONFIGS: dict[str, PretrainedConfig] = {
    "llama": tiny_config("llama"),
    "qwen2": tiny_config("qwen2"),
    "gpt2": tiny_config("gpt2"),
    # What these two do after the output matrix must still be done.
    "gemma2": Gemma2Config(**SHAPE, head_dim=8, query_pre_attn_scalar=8, final_logit_softcapping=3.0),
    "granite": GraniteConfig(**SHAPE, logits_scaling=8.0),
}


def build(name: str, seed: int = 0) -> torch.nn.Module:
    torch.manual_seed(seed)
    return AutoModelForCausalLM.from_config(CONFIGS[name]).eval()


def batch(seed: int = 1) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
    """Two rows, the second padded on the right, with some positions of each selected."""
    generator = torch.Generator().manual_seed(seed)
    input_ids = torch.randint(3, VOCABULARY_SIZE, (2, 11), generator=generator)
    attention_mask = torch.ones_like(input_ids)
    attention_mask[1, 8:] = 0
    positions_mask = torch.zeros(2, 11, dtype=torch.bool)
    positions_mask[0, 4:9] = True
    positions_mask[1, [0, 3, 6]] = True
    return {"input_ids": input_ids, "attention_mask": attention_mask}, positions_mask


@pytest.fixture
def head_rows(monkeypatch):
    """How many rows went through each linear map to the vocabulary."""
    rows: list[int] = []
    linear = torch.nn.functional.linear

    def counted(hidden, weight, bias=None):
        if weight.shape[0] == VOCABULARY_SIZE:
            rows.append(hidden.numel() // hidden.shape[-1])
        return linear(hidden, weight, bias)

    monkeypatch.setattr(torch.nn.functional, "linear", counted)
    return rows


@pytest.mark.parametrize("name", CONFIGS)
def test_equals_the_full_forward_and_computes_the_selected_rows_only(name, head_rows):
    model = build(name)
    inputs, positions_mask = batch()
    full = model(**inputs, use_cache=False).logits[positions_mask]
    selected = logits_at(model, positions_mask, **inputs)
    assert selected.shape == (8, VOCABULARY_SIZE)
    torch.testing.assert_close(selected, full, atol=1e-6, rtol=1e-5)
    assert head_rows == [22, 8]


@pytest.mark.parametrize("name", ["llama", "gpt2"])
@pytest.mark.parametrize("wrap", [get_peft_model, None], ids=["get_peft_model", "inject_adapter"])
@pytest.mark.parametrize("targets", ["all-linear", "with-head"])
def test_adapters_take_part(name, wrap, targets, head_rows):
    model = build(name)
    inputs, positions_mask = batch()
    plain = model(**inputs, use_cache=False).logits[positions_mask]
    names = ["c_attn", "lm_head"] if name == "gpt2" else ["q_proj", "down_proj", "lm_head"]
    lora = LoraConfig(
        r=2,
        target_modules=targets if targets == "all-linear" else names,
        init_lora_weights=False,
        task_type="CAUSAL_LM",
    )
    model = get_peft_model(model, lora) if wrap else inject_adapter_in_model(lora, model)
    model.eval()
    full = model(**inputs, use_cache=False).logits[positions_mask]
    head_rows.clear()
    torch.testing.assert_close(logits_at(model, positions_mask, **inputs), full, atol=1e-6, rtol=1e-5)
    assert 8 in head_rows and 22 not in head_rows
    assert (full - plain).abs().max() > 1e-3


def test_gradients_equal_those_of_the_full_forward():
    inputs, positions_mask = batch()
    gradients = []
    for thinned in (False, True):
        model = build("llama")
        logits = logits_at(model, positions_mask, **inputs) if thinned else model(**inputs).logits[positions_mask]
        logits.log_softmax(-1)[:, 5].sum().backward()
        gradients.append([parameter.grad for parameter in model.parameters()])
    for full, selected in zip(*gradients, strict=True):
        torch.testing.assert_close(selected, full, atol=1e-5, rtol=1e-4)


def test_embeddings_and_a_float_mask_of_four_dimensions_go_through():
    model = build("llama")
    inputs, positions_mask = batch()
    length = positions_mask.shape[1]
    causal = torch.full((length, length), float("-inf")).triu(1).expand(2, 1, length, length)
    given = {
        "inputs_embeds": model.get_input_embeddings()(inputs["input_ids"]),
        "attention_mask": causal,
        "position_ids": torch.arange(length).expand(2, length),
    }
    full = model(**given, use_cache=False).logits[positions_mask]
    torch.testing.assert_close(logits_at(model, positions_mask, **given), full, atol=1e-6, rtol=1e-5)


def test_no_selected_position_gives_no_logits():
    inputs, positions_mask = batch()
    logits = logits_at(build("llama"), torch.zeros_like(positions_mask), **inputs)
    assert logits.shape == (0, VOCABULARY_SIZE)


def test_the_model_is_left_as_it_was_even_after_an_error():
    model = build("llama")
    inputs, positions_mask = batch()
    with pytest.raises(TypeError):
        logits_at(model, positions_mask, **inputs, use_cache=True)
    with pytest.raises((ValueError, RuntimeError)):
        logits_at(model, positions_mask)
    logits_at(model, positions_mask, **inputs)
    assert not model.get_output_embeddings()._forward_pre_hooks
    assert model(**inputs).logits.shape == (2, 11, VOCABULARY_SIZE)


def test_a_head_that_sees_other_states_still_gives_the_right_logits():
    """A model that flattens its hidden states before the output matrix gains nothing and loses nothing."""
    inputs, positions_mask = batch()

    class Flattening(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.causal = build("llama")

        def get_output_embeddings(self) -> torch.nn.Module:
            return self.causal.lm_head

        def forward(self, **given):
            output = self.causal.model(**given)
            flat = self.causal.lm_head(output.last_hidden_state.flatten(0, 1))
            output.logits = flat.unflatten(0, output.last_hidden_state.shape[:2])
            return output

    model = Flattening()
    full = model.causal(**inputs).logits[positions_mask]
    torch.testing.assert_close(logits_at(model, positions_mask, **inputs), full, atol=1e-6, rtol=1e-5)
