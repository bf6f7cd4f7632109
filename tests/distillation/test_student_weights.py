"""What of a student is trained, and how it is kept: an adapter or a whole checkpoint."""

from __future__ import annotations

import os

import pytest
import torch

from kpod.distillation.student_weights import save_trained, to_be_trained
from kpod.errors import InputError
from tests.support.small_disk import small_disk
from tests.support.tiny_students import load_student

SETTINGS = {"tuning": "full", "lora_rank": 2, "lora_alpha": None, "lora_dropout": 0.0, "lora_targets": "all-linear"}


def logits(model):
    ids = torch.arange(3, 40)[None]
    written = {"decoder_input_ids": ids} if model.config.is_encoder_decoder else {}
    with torch.no_grad():
        return model.eval()(input_ids=ids, **written).logits


def train(folder):
    model, tokenizer = load_student(folder)
    model = to_be_trained(model, SETTINGS, seed=0)
    with torch.no_grad():
        for value in model.parameters():
            value.add_(0.01)
    return model, tokenizer


@pytest.fixture
def trained(tiny_llama_folder):
    return train(tiny_llama_folder)


def test_all_weights_or_an_adapter_are_trained(tiny_llama_folder, trained):
    assert all(value.requires_grad for value in trained[0].parameters())
    adapted = to_be_trained(load_student(tiny_llama_folder)[0], SETTINGS | {"tuning": "lora"}, seed=0)
    assert {"lora_" in name for name, value in adapted.named_parameters() if value.requires_grad} == {True}


@pytest.mark.parametrize("tuning", ["full", "lora"])
def test_a_small_update_moves_the_weights_of_a_student_in_bfloat16(tiny_llama_folder, tuning):
    """bfloat16 keeps 8 bits of a number: added to a weight of .02 in it, an update of 1e-5 is lost."""
    model = to_be_trained(load_student(tiny_llama_folder, "bfloat16")[0], SETTINGS | {"tuning": tuning}, seed=0)
    trained = [value for value in model.parameters() if value.requires_grad]
    before = [value.detach().clone() for value in trained]
    ids = torch.arange(3, 40)[None]
    model(input_ids=ids, labels=ids, use_cache=False).loss.backward()
    torch.optim.AdamW(trained, lr=1e-5, weight_decay=0.0).step()
    moved = [
        ((new != old) & (new.grad != 0)).sum() / (new.grad != 0).sum()
        for new, old in zip(trained, before, strict=True)
        if (new.grad != 0).any()
    ]
    assert moved and min(moved) > 0.98


def test_a_whole_student_is_a_checkpoint_as_any_other(tmp_path, trained):
    (tmp_path / "adapter").mkdir()  # of an earlier training by an adapter
    save_trained(*trained, tmp_path, "full")
    assert os.listdir(tmp_path) == ["student"]
    model, _ = load_student(tmp_path / "student")
    assert torch.equal(logits(model), logits(trained[0]))


@pytest.mark.parametrize("family", ["t5", "t5_untied", "bart"])
def test_a_whole_encoder_decoder_comes_back_with_its_own_head(tmp_path, request, family):
    """Whether T5 scales what goes into its head hangs on a tie that its saved configuration no longer tells of."""
    model, tokenizer = train(request.getfixturevalue(f"tiny_{family}_folder"))
    save_trained(model, tokenizer, tmp_path, "full")
    again, _ = load_student(tmp_path / "student")
    assert torch.equal(logits(again), logits(model))
    tied = again.get_output_embeddings().weight is again.get_input_embeddings().weight
    assert tied == (family != "t5_untied")


def test_a_full_disk_leaves_the_student_of_before(tmp_path, trained):
    save_trained(*trained, tmp_path, "full")
    before = (tmp_path / "student" / "model.safetensors").read_bytes()
    with torch.no_grad():
        next(trained[0].parameters()).add_(1.0)
    with pytest.raises(InputError, match=r"Could not write the student .*Free space there"), small_disk(1000):
        save_trained(*trained, tmp_path, "full")
    assert (tmp_path / "student" / "model.safetensors").read_bytes() == before
    assert os.listdir(tmp_path) == ["student"]
