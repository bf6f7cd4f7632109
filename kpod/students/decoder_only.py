"""Causal students, loaded where nothing else will do."""

from __future__ import annotations

from pathlib import Path

from transformers import PreTrainedModel, PreTrainedTokenizerBase

from kpod.errors import InputError
from kpod.students.loading import existing_folder, load_student
from kpod.students.registry import read_family


def load_decoder_only(
    folder: Path | str, *, dtype: str = "auto", device: str = "auto"
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """A causal model and its tokenizer, as `load_student`; InputError also for an encoder-decoder model."""
    if read_family(existing_folder(Path(folder))) != "decoder_only":
        raise InputError(f"{folder} holds an encoder-decoder model where a causal one is needed. Give a causal one")
    return load_student(folder, dtype=dtype, device=device)
