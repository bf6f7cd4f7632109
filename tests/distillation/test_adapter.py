"""The adapter: on, saved whole, merged."""

from __future__ import annotations

import os

import pytest
import torch

from kpod.distillation.adapter import add_adapter, save_adapter, with_saved_adapter
from kpod.errors import InputError
from tests.support.small_disk import small_disk
from tests.support.tiny_students import load_student

ADAPTER = {"rank": 2, "alpha": None, "dropout": 0.0, "targets": "all-linear", "seed": 0}


def adapted(folder, **changes):
    return add_adapter(load_student(folder)[0], **(ADAPTER | changes))


def shaken(model):
    with torch.no_grad():
        for name, value in model.named_parameters():
            if value.requires_grad:
                value.add_(0.05 * torch.randn(value.shape, generator=torch.Generator().manual_seed(len(name))))
    return model


def logits(model):
    ids = torch.arange(3, 40)[None]
    written = {"decoder_input_ids": ids.flip(1)} if model.config.is_encoder_decoder else {}
    with torch.no_grad():
        return model(input_ids=ids, **written).logits


def test_a_new_adapter_changes_nothing_and_is_all_that_is_trained(tiny_llama_folder):
    student, _ = load_student(tiny_llama_folder)
    model = adapted(tiny_llama_folder)
    assert torch.allclose(logits(model), logits(student), atol=1e-6)
    assert {"lora_" in name for name, value in model.named_parameters() if value.requires_grad} == {True}
    assert model.peft_config["default"].lora_alpha == 4
    assert not any("lm_head" in name for name, value in model.named_parameters() if value.requires_grad)


def test_the_same_seed_gives_the_same_adapter(tiny_llama_folder):
    first, second, other = (adapted(tiny_llama_folder, seed=seed).state_dict() for seed in (0, 0, 1))
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not all(torch.equal(first[name], other[name]) for name in first)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("family", ["llama", "qwen3", "gpt2", "t5", "t5_untied", "bart"])
def test_a_saved_adapter_is_merged_into_the_same_model(tmp_path, request, family):
    folder = request.getfixturevalue(f"tiny_{family}_folder")
    model = shaken(adapted(folder))
    save_adapter(model, tmp_path / "adapter")
    assert sorted(os.listdir(tmp_path)) == ["adapter"]
    assert sorted(os.listdir(tmp_path / "adapter")) == ["adapter_config.json", "adapter_model.safetensors"]
    merged = with_saved_adapter(load_student(folder)[0], tmp_path / "adapter")
    assert torch.allclose(logits(merged), logits(model), atol=1e-4)
    assert not torch.allclose(logits(merged), logits(load_student(folder)[0]), atol=1e-2)


def test_a_saved_adapter_is_replaced_whole(tmp_path, tiny_llama_folder):
    save_adapter(adapted(tiny_llama_folder), tmp_path / "adapter")
    (tmp_path / "adapter" / "stray").write_text("of before")
    save_adapter(adapted(tiny_llama_folder), tmp_path / "adapter")
    assert "stray" not in os.listdir(tmp_path / "adapter")


def test_a_full_disk_leaves_the_old_adapter(tmp_path, tiny_llama_folder):
    save_adapter(adapted(tiny_llama_folder), tmp_path / "adapter")
    before = (tmp_path / "adapter" / "adapter_model.safetensors").read_bytes()
    model = shaken(adapted(tiny_llama_folder))
    with pytest.raises(InputError, match=r"Could not write the adapter .*Free space there"), small_disk(1000):
        save_adapter(model, tmp_path / "adapter")
    assert (tmp_path / "adapter" / "adapter_model.safetensors").read_bytes() == before
    assert os.listdir(tmp_path) == ["adapter"]


NAMES = {
    "llama": "q k v o gate up down",
    "qwen2": "q k v o gate up down",
    "qwen3": "q k v o gate up down",
    "gpt2": "c_attn c_proj c_fc",
    "t5": "q k v o wi wo",
    "t5_untied": "q k v o wi_0 wi_1 wo",
    "bart": "q k v out fc1 fc2",
}


@pytest.mark.parametrize("family", NAMES)
def test_all_linear_finds_every_matrix_but_the_head(request, family):
    model = adapted(request.getfixturevalue(f"tiny_{family}_folder"))
    found = {name.split(".lora_")[0].rsplit(".", 1)[-1] for name, value in model.named_parameters() if "lora_" in name}
    assert {name.removesuffix("_proj") if family != "gpt2" else name for name in found} == set(NAMES[family].split())
    assert not any("head" in name or "embed" in name for name, value in model.named_parameters() if value.requires_grad)
    sides = {side for side in ("encoder", "decoder") for name, _ in model.named_parameters() if f".{side}." in name}
    assert len(sides) == 2 * model.config.is_encoder_decoder


@pytest.mark.parametrize("family", ["t5", "t5_untied"])
def test_modules_by_name_in_both_sides_and_in_the_attention_between_them(request, family):
    model = adapted(request.getfixturevalue(f"tiny_{family}_folder"), targets="q,v")
    trained = [name for name, value in model.named_parameters() if value.requires_grad]
    assert trained and all(".q.lora_" in name or ".v.lora_" in name for name in trained)
    assert any("EncDecAttention" in name for name in trained) and any("encoder.block" in name for name in trained)
    with pytest.raises(InputError, match=r"lora_targets is 'q_proj'.*Give all-linear or .*\bq\b"):
        adapted(request.getfixturevalue(f"tiny_{family}_folder"), targets="q_proj")


def test_chosen_modules_and_those_that_do_not_exist(tiny_llama_folder):
    model = adapted(tiny_llama_folder, targets="q_proj, v_proj")
    trained = {name for name, value in model.named_parameters() if value.requires_grad}
    assert trained and all(".q_proj." in name or ".v_proj." in name for name in trained)
    with pytest.raises(InputError, match=r"distillation\.lora_targets is 'c_attn'.*Give all-linear or .*q_proj"):
        adapted(tiny_llama_folder, targets="c_attn")
