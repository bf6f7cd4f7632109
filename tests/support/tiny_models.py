"""Tiny random students, built in code in under a second: for all tests that need shapes, not sense.

Their tokenizer is a byte-level BPE with single digits, so any text round-trips and every token has a span. As
with SmolLM2 a word's token holds the space before it, and nothing is put around the text.
"""

from __future__ import annotations

from pathlib import Path

import torch
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    AutoModelForCausalLM,
    GPT2Config,
    LlamaConfig,
    PretrainedConfig,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen3Config,
)

VOCABULARY_SIZE = 512
CONTEXT = 1024

SENTENCES = (
    "Q: Mia has a box with 3 red pens and 4 blue pens. How many pens does she have in all?",
    "A: Let's think step by step. First, she has 3 + 4 = 7 pens in the box.",
    "Then she gives 2 of them to her brother, so 7 - 2 = 5 pens are left.",
    "Each pen costs 1.50 dollars, so the price of 5 pens is 5 * 1.50 = 7.50 dollars.",
    "There are twice as many apples as pears, which makes 12 / 2 = 6 pears in total.",
    "Therefore, the answer is 5.",
)


def build_tokenizer() -> PreTrainedTokenizerFast:
    """A fast tokenizer of 512 tokens: all bytes, the frequent words of `SENTENCES`, three special ones."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(r"\d"), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY_SIZE,
        special_tokens=["<pad>", "<s>", "</s>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(SENTENCES, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        bos_token="<s>",
        eos_token="</s>",
        model_max_length=CONTEXT,
        clean_up_tokenization_spaces=False,
    )


def tiny_config(family: str) -> PretrainedConfig:
    """2 layers, 32 wide, 4 heads; `family` is llama, qwen2, qwen3 or gpt2."""
    special = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2, "vocab_size": VOCABULARY_SIZE}
    # Ten times the usual spread: otherwise every prediction of a random model is all but uniform.
    rotary = special | {
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": CONTEXT,
        "initializer_range": 0.2,
    }
    if family == "llama":
        return LlamaConfig(**rotary, tie_word_embeddings=True)
    if family == "qwen2":
        return Qwen2Config(**rotary, tie_word_embeddings=False)
    if family == "qwen3":
        return Qwen3Config(**rotary, head_dim=8, tie_word_embeddings=True)
    assert family == "gpt2", family
    width = {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": CONTEXT, "initializer_range": 0.2}
    return GPT2Config(**special, **width, resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0)


def save_tiny_student(folder: Path, family: str = "llama", *, seed: int = 0) -> Path:
    """Write a random student of `family` with its tokenizer to `folder`, as any checkpoint lies on disk."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = AutoModelForCausalLM.from_config(tiny_config(family))
    model.save_pretrained(folder)
    build_tokenizer().save_pretrained(folder)
    return folder
