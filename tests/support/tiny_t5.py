"""Tiny random encoder-decoder students: T5 with its head tied and with a head of its own (as FlanT5 has), and BART.

The tokenizer of the two T5 is T5's own class: a word holds the space before it as "▁", white space of any kind is lost,
digits stand alone, and </s> closes every text.
"""

from __future__ import annotations

import re
import string
from pathlib import Path
from typing import Any

import torch
from tokenizers import processors
from transformers import AutoModelForSeq2SeqLM, BartConfig, PretrainedConfig, T5Config, T5Tokenizer

from tests.support.tiny_models import CONTEXT, SENTENCES, VOCABULARY_SIZE, build_tokenizer

FAMILIES = ("t5", "t5-untied", "bart")


def build_t5_tokenizer() -> T5Tokenizer:
    """The words of a few sentences and every printable ASCII character; anything else is <unk>."""
    words = sorted({word for sentence in SENTENCES for word in re.findall(r"[A-Za-z']{2,}", sentence)})
    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -3.0)]
    pieces += [(f"▁{word}", -5.0) for word in words]
    pieces += [(letter, -8.0) for letter in string.printable if letter.strip()]
    return T5Tokenizer(vocab=pieces, extra_ids=4)


def build_bart_tokenizer() -> Any:
    """The byte-level tokenizer of the tiny causal students, with <s> and </s> around every text."""
    tokenizer = build_tokenizer()
    ids = [(token, tokenizer.convert_tokens_to_ids(token)) for token in ("<s>", "</s>")]
    tokenizer.backend_tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=ids)
    return tokenizer


def tiny_pair_config(family: str) -> PretrainedConfig:
    """2 layers a side, 32 wide, 4 heads; `family` is one of `FAMILIES`."""
    if family == "bart":
        return BartConfig(
            vocab_size=VOCABULARY_SIZE, d_model=32, encoder_layers=2, decoder_layers=2, encoder_attention_heads=4,
            decoder_attention_heads=4, encoder_ffn_dim=64, decoder_ffn_dim=64, max_position_embeddings=CONTEXT,
            init_std=0.2, dropout=0.0, pad_token_id=0, bos_token_id=1, eos_token_id=2, decoder_start_token_id=2,
            forced_eos_token_id=2,
        )  # fmt: skip
    tied = family == "t5"
    return T5Config(
        vocab_size=VOCABULARY_SIZE, d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=4, dropout_rate=0.1,
        feed_forward_proj="relu" if tied else "gated-gelu", tie_word_embeddings=tied, pad_token_id=0, eos_token_id=1,
        decoder_start_token_id=0,
    )  # fmt: skip


def build_pair_model(family: str, seed: int = 0) -> Any:
    """A random model of the family in evaluation mode; the head of `t5-untied` is a matrix of its own."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = AutoModelForSeq2SeqLM.from_config(tiny_pair_config(family))
        if family == "t5-untied":  # a configuration alone ties the two, whatever it says
            model.lm_head.weight = torch.nn.Parameter(0.2 * torch.randn(VOCABULARY_SIZE, 32))
    return model.eval()


def save_tiny_pair_student(folder: Path, family: str = "t5", *, seed: int = 0) -> Path:
    """Write a random student of the family with its tokenizer to `folder`, as any checkpoint lies on disk."""
    build_pair_model(family, seed).save_pretrained(folder)
    (build_bart_tokenizer() if family == "bart" else build_t5_tokenizer()).save_pretrained(folder)
    return folder
