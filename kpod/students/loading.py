"""Students of either family: tokenizer and model out of a checkpoint folder, checked before anyone trains on them."""

from __future__ import annotations

import logging
from pathlib import Path

from safetensors import SafetensorError
from transformers import (
    AutoModelForCausalLM,
    AutoModelForSeq2SeqLM,
    AutoTokenizer,
    PretrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from kpod.errors import InputError
from kpod.students.arithmetic import Arithmetic, choose_arithmetic, detect_hardware
from kpod.students.quiet import quiet_loading
from kpod.students.registry import read_family, read_width

log = logging.getLogger(__name__)

_CLASSES = {"decoder_only": AutoModelForCausalLM, "encoder_decoder": AutoModelForSeq2SeqLM}
_WORDS = {"decoder_only": "causal", "encoder_decoder": "encoder-decoder"}


def load_tokenizer(folder: Path | str) -> PreTrainedTokenizerBase:
    """The checkpoint's fast tokenizer, with a padding token (the end-of-text token where it has none).

    Raises InputError where there is none, or only a slow one: without character offsets no token has a span.
    """
    try:
        with quiet_loading():
            tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError, ImportError) as error:
        raise InputError(
            f"{folder} has no tokenizer that transformers can load: {_first_line(error)} Save one beside the weights"
        ) from error
    if not tokenizer.is_fast:
        raise InputError(
            f"the tokenizer of {folder} is a slow one without character offsets, which every token's span "
            "needs. Save a fast one (tokenizer.json) beside the weights"
        )
    if tokenizer.eos_token_id is None:
        raise InputError(
            f"the tokenizer of {folder} has no end-of-text token, so no answer would ever end. Set eos_token "
            "in its tokenizer_config.json"
        )
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def arithmetic_of(folder: Path, *, dtype: str = "auto", device: str = "auto") -> Arithmetic:
    """On what and in which format the student in `folder` runs here: see `choose_arithmetic`."""
    return choose_arithmetic(detect_hardware(), device=device, dtype=dtype, width=read_width(folder))


def load_student(
    folder: Path | str, *, dtype: str = "auto", device: str = "auto"
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """A student of the family that its own config.json names, in evaluation mode on its device, and its tokenizer.

    Raises InputError for a checkpoint that is none, lacks weights (transformers alone would fill them in at random),
    does not fit its tokenizer, or is an encoder-decoder that does not say by which token its decoder starts.
    """
    folder = Path(folder)
    family = read_family(existing_folder(folder))
    arithmetic = arithmetic_of(folder, dtype=dtype, device=device)
    tokenizer = load_tokenizer(folder)
    try:
        with quiet_loading():
            model, loading = _CLASSES[family].from_pretrained(
                folder,
                dtype=arithmetic.dtype,
                local_files_only=True,
                output_loading_info=True,
            )
    except (OSError, ValueError, RuntimeError, ImportError, SafetensorError) as error:
        raise InputError(
            f"{folder} is no {_WORDS[family]} model that transformers can load: {_first_line(error)} Give a folder "
            "that a whole checkpoint was saved to"
        ) from error
    missing = sorted(loading["missing_keys"])
    if missing:
        raise InputError(
            f"the weights of {folder} lack {len(missing)} tensors that its config.json asks for (first: "
            f"{missing[0]}). Copy or download the checkpoint again"
        )
    num_rows = model.get_input_embeddings().weight.shape[0]
    if len(tokenizer) > num_rows:
        raise InputError(
            f"the tokenizer of {folder} has {len(tokenizer)} tokens and the model embeds {num_rows}: they "
            "are not of one checkpoint. Copy or download the checkpoint again"
        )
    if family == "encoder_decoder" and getattr(model.config, "decoder_start_token_id", None) is None:
        raise InputError(
            f"the config.json of {folder} has no decoder_start_token_id, so nothing says what its decoder starts from. "
            "Set it there (T5's is its padding token)"
        )
    log.info("%s: %s", folder.name, arithmetic.reason)
    return model.to(arithmetic.device).eval(), tokenizer


def existing_folder(folder: Path) -> Path:
    """The folder. Raises InputError where there is none."""
    if not folder.is_dir():
        raise InputError(f"no folder {folder}. Give the folder that a checkpoint was saved to")
    return folder


def context_length(config: PretrainedConfig) -> int | None:
    """The most tokens that a model takes, by its configuration; None where it sets no limit.

    T5 sees positions relative to each other: the `n_positions` of its older checkpoints says what it was trained on.
    """
    if hasattr(config, "relative_attention_num_buckets"):
        return None
    for name in ("max_position_embeddings", "n_positions", "max_seq_len", "seq_length"):
        length = getattr(config, name, None)
        if length is not None:
            return int(length)
    return None


def _first_line(error: Exception) -> str:
    """As a sentence: transformers goes on for paragraphs."""
    line = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return line if line.endswith((".", "!", "?")) else f"{line}."
