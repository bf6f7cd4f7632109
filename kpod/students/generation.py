"""Prompts as a student of either family reads them for generation, and generation without the checkpoint's habits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor
from transformers import GenerationConfig

from kpod.prompt_pairs import encode_pair_prompt
from kpod.prompts import encode_prompt
from kpod.students.encoder_decoder import decoder_start_id, is_encoder_decoder

SPECIAL_TOKENS = ("bos_token_id", "eos_token_id", "pad_token_id", "decoder_start_token_id")


def encode_questions(model: Any, tokenizer: Any, questions: Sequence[str]) -> list[list[int]]:
    """The tokens of every question's prompt: of a causal student's text, or of what an encoder reads."""
    if is_encoder_decoder(model):
        return [encode_pair_prompt(question, tokenizer)[0] for question in questions]
    return [encode_prompt(question, tokenizer) for question in questions]


def generation_inputs(model: Any, tokenizer: Any, prompts: Sequence[Sequence[int]]) -> tuple[dict[str, Tensor], int]:
    """What `model.generate` is given for a batch of prompts, and how many tokens stand before a row's new ones.

    A causal student goes on from the last column, so its prompts are padded on the left; an encoder's on the right, as
    in training, and its decoder starts as in training too.
    """
    size, pairs = max(len(prompt) for prompt in prompts), is_encoder_decoder(model)
    ids_BL = np.full((len(prompts), size), tokenizer.pad_token_id, dtype=np.int64)
    attended_BL = np.zeros((len(prompts), size), dtype=np.int64)
    for row, prompt in enumerate(prompts):
        place = slice(0, len(prompt)) if pairs else slice(size - len(prompt), size)
        ids_BL[row, place] = prompt
        attended_BL[row, place] = 1
    inputs = {"input_ids": torch.from_numpy(ids_BL), "attention_mask": torch.from_numpy(attended_BL)}
    if pairs:
        start = [decoder_start_id(model), *encode_pair_prompt("", tokenizer)[1]]
        inputs["decoder_input_ids"] = torch.tensor([start] * len(prompts))
        size = len(start)
    device = model.get_input_embeddings().weight.device
    return {name: value.to(device) for name, value in inputs.items()}, size


@contextmanager
def own_settings_only(model: Any) -> Iterator[None]:
    """Inside, generation knows of the checkpoint's generation_config the special tokens alone.

    Some ask for sampling, beams, a repetition penalty, a least length or a forced last token: with those left in,
    greedy would not be greedy, nor an output that was cut off be told from one that ended.
    """
    known = model.generation_config
    model.generation_config = GenerationConfig(**{name: getattr(known, name) for name in SPECIAL_TOKENS})
    try:
        yield
    finally:
        model.generation_config = known
