"""Checkpoints of both families: loaded whole, or refused with what is wrong with them."""

from __future__ import annotations

import json
import shutil
from itertools import pairwise

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoTokenizer

from kpod.errors import InputError
from kpod.students.loading import context_length, load_student, load_tokenizer
from tests.support.tiny_models import CONTEXT, build_tokenizer

TEXT = "Q: She paid $1,250.75 — for 3/4 of 12 naïve pens.\nStep 2: 3 * 4 = 12\n\nTherefore, the answer is 12."


@pytest.fixture
def broken_folder(tiny_llama_folder, tmp_path):
    """A copy of the tiny Llama, to be damaged."""
    return shutil.copytree(tiny_llama_folder, tmp_path / "student")


@pytest.mark.parametrize("family", ["llama", "qwen2", "qwen3", "gpt2"])
def test_a_student_loads_whole_and_ready_to_evaluate(family, request):
    folder = request.getfixturevalue(f"tiny_{family}_folder")
    model, tokenizer = load_student(folder, dtype="float32", device="cpu")
    assert model.config.model_type == family and not model.training
    assert model.config._attn_implementation == "sdpa" and model.dtype == torch.float32
    assert (tokenizer.pad_token, tokenizer.eos_token) == ("<pad>", "</s>")
    assert context_length(model.config) == CONTEXT
    saved = load_file(folder / "model.safetensors")
    name, tensor = next(iter(model.state_dict().items()))
    assert torch.equal(saved[name], tensor)


def test_bfloat16_is_loaded_where_asked_for(tiny_llama_folder):
    model, _ = load_student(tiny_llama_folder, dtype="bfloat16", device="cpu")
    assert model.dtype == torch.bfloat16


def test_the_tiny_tokenizer_keeps_text_digits_and_offsets(tiny_llama_folder):
    tokenizer = load_tokenizer(tiny_llama_folder)
    every_ascii = "".join(chr(code) for code in range(128))
    for text in (TEXT, every_ascii, "", " ", "a  b"):
        encoded = tokenizer(text, return_offsets_mapping=True)
        assert tokenizer.decode(encoded["input_ids"]) == text
        spans = encoded["offset_mapping"]
        # The tokens of one character of several bytes all have that character's span.
        assert all(right == left or right[0] == left[1] for left, right in pairwise(spans))
    pieces = [TEXT[start:end] for start, end in tokenizer(TEXT, return_offsets_mapping=True)["offset_mapping"]]
    assert all(len(piece) == 1 for piece in pieces if any(character.isdigit() for character in piece))
    assert " answer" in pieces and len(tokenizer) <= 512


def test_building_the_tokenizer_twice_gives_the_same_one():
    assert build_tokenizer().get_vocab() == build_tokenizer().get_vocab()


def test_the_end_of_text_stands_in_for_a_missing_padding_token(broken_folder):
    tokenizer = AutoTokenizer.from_pretrained(broken_folder)
    tokenizer.pad_token = None
    tokenizer.save_pretrained(broken_folder)
    assert load_tokenizer(broken_folder).pad_token == "</s>"


def test_a_tokenizer_without_end_is_refused(broken_folder):
    tokenizer = AutoTokenizer.from_pretrained(broken_folder)
    tokenizer.eos_token = None
    tokenizer.save_pretrained(broken_folder)
    with pytest.raises(InputError, match="no end-of-text token"):
        load_tokenizer(broken_folder)


def test_a_missing_folder_is_refused(tmp_path):
    with pytest.raises(InputError, match="no folder"):
        load_student(tmp_path / "none")


@pytest.mark.parametrize("family", ["t5", "t5_untied", "bart"])
def test_an_encoder_decoder_student_loads_by_its_own_configuration(family, request):
    model, tokenizer = load_student(request.getfixturevalue(f"tiny_{family}_folder"), dtype="float32", device="cpu")
    assert model.config.is_encoder_decoder and not model.training and model.dtype == torch.float32
    assert len(tokenizer) <= model.get_input_embeddings().weight.shape[0]
    # T5's positions are relative to each other, whatever its n_positions says.
    assert context_length(model.config) == (CONTEXT if family == "bart" else None)


def test_t5_is_never_in_half_precision(tiny_t5_folder):
    """It overflows there; bfloat16 has float32's range."""
    with pytest.raises(InputError, match="no number format 'float16'"):
        load_student(tiny_t5_folder, dtype="float16", device="cpu")
    model, _ = load_student(tiny_t5_folder, dtype="bfloat16", device="cpu")
    assert {value.dtype for value in model.parameters()} == {torch.bfloat16}


def test_an_encoder_decoder_that_does_not_say_how_it_starts_is_refused(tmp_path, tiny_t5_folder):
    folder = shutil.copytree(tiny_t5_folder, tmp_path / "t5")
    settings = json.loads((folder / "config.json").read_text())
    del settings["decoder_start_token_id"]
    (folder / "config.json").write_text(json.dumps(settings))
    with pytest.raises(InputError, match="has no decoder_start_token_id"):
        load_student(folder)


def test_a_missing_tokenizer_is_refused(broken_folder):
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (broken_folder / name).unlink()
    with pytest.raises(InputError, match="tokenizer"):
        load_student(broken_folder)


def test_missing_weights_are_refused(broken_folder):
    (broken_folder / "model.safetensors").unlink()
    with pytest.raises(InputError, match="no causal model that transformers can load"):
        load_student(broken_folder)


def test_truncated_weights_are_refused(broken_folder):
    weights = broken_folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:2000])
    with pytest.raises(InputError, match="no causal model that transformers can load"):
        load_student(broken_folder)


def test_weights_with_a_tensor_missing_are_refused_and_not_filled_at_random(broken_folder):
    weights = load_file(broken_folder / "model.safetensors")
    removed = "model.layers.1.mlp.up_proj.weight"
    del weights[removed]
    save_file(weights, broken_folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(InputError, match=f"lack 1 tensors .*{removed}"):
        load_student(broken_folder)


def test_weights_of_another_shape_are_refused(broken_folder):
    config = json.loads((broken_folder / "config.json").read_text())
    config["intermediate_size"] = 96
    (broken_folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(InputError, match="no causal model that transformers can load"):
        load_student(broken_folder)


def test_an_unknown_architecture_is_refused(broken_folder):
    config = json.loads((broken_folder / "config.json").read_text())
    config["model_type"] = "no-such-architecture"
    (broken_folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(InputError, match="no-such-architecture"):
        load_student(broken_folder)


def test_a_tokenizer_larger_than_the_model_is_refused(broken_folder):
    tokenizer = AutoTokenizer.from_pretrained(broken_folder)
    tokenizer.add_tokens([f"<extra-{index}>" for index in range(600)])
    tokenizer.save_pretrained(broken_folder)
    with pytest.raises(InputError, match="not of one checkpoint"):
        load_student(broken_folder)
