"""Where only a causal model will do, an encoder-decoder is refused."""

from __future__ import annotations

import pytest
import torch

from kpod.errors import InputError
from kpod.students.decoder_only import load_decoder_only


def test_a_causal_model_is_loaded(tiny_llama_folder):
    model, tokenizer = load_decoder_only(tiny_llama_folder, dtype="float32", device="cpu")
    assert model(input_ids=torch.tensor([[3, 4]])).logits.shape == (1, 2, 512) and tokenizer.eos_token == "</s>"


def test_an_encoder_decoder_is_refused(tiny_t5_folder):
    with pytest.raises(InputError, match="encoder-decoder model where a causal one is needed"):
        load_decoder_only(tiny_t5_folder)


def test_a_missing_folder_is_refused(tmp_path):
    with pytest.raises(InputError, match="no folder"):
        load_decoder_only(tmp_path / "none")
