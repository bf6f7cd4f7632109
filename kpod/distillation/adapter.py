"""The student's low-rank adapter: put on, saved whole, and merged again for generation."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors import SafetensorError

from kpod.errors import InputError
from kpod.students.encoder_decoder import is_encoder_decoder
from kpod.students.linear_layers import stands_transposed
from kpod.students.quiet import quiet_wrapping


def add_adapter(model: Any, *, rank: int, alpha: int | None, dropout: float, targets: str, seed: int) -> Any:
    """The model with a LoRA adapter as its only trainable weights.

    `targets`: `all-linear`, or names of modules with commas between. Raises InputError where no module has such a name.
    """
    torch.manual_seed(seed)
    names = None if targets == "all-linear" else [name.strip() for name in targets.split(",")]
    config = LoraConfig(
        r=rank,
        lora_alpha=alpha or 2 * rank,
        lora_dropout=dropout,
        target_modules=names or targets,
        fan_in_fan_out=stands_transposed(model, names),
        task_type="SEQ_2_SEQ_LM" if is_encoder_decoder(model) else "CAUSAL_LM",
    )
    try:
        with quiet_wrapping():
            return get_peft_model(model, config)
    except ValueError as error:
        names = sorted({name.rsplit(".", 1)[-1] for name, module in model.named_modules() if hasattr(module, "weight")})
        raise InputError(
            f"distillation.lora_targets is {targets!r}, and the student has no such modules. "
            f"Give all-linear or some of: {', '.join(names)}."
        ) from error


@contextmanager
def whole_folder(folder: Path, what: str) -> Iterator[Path]:
    """A temporary folder to write into, which takes the place of `folder` when all of it is there.

    Raises InputError where the disk refuses it.
    """
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}.tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    try:
        yield temporary
        shutil.rmtree(folder, ignore_errors=True)
        temporary.rename(folder)
    except (OSError, SafetensorError) as error:  # safetensors wraps the system's error
        raise InputError(
            f"Could not write the {what} in {folder.parent}: {error}. Free space there, or copy the run folder to "
            "another disk, and resume the run: it goes on from its last checkpoint."
        ) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def save_adapter(model: Any, folder: Path) -> None:
    """Write the adapter (safetensors and its JSON) whole. Raises InputError where the disk refuses it."""
    with whole_folder(folder, "adapter") as temporary:
        model.save_pretrained(temporary)
        (temporary / "README.md").unlink(missing_ok=True)  # peft's empty model card


def with_saved_adapter(model: Any, folder: Path) -> Any:
    """The model with a saved adapter merged into its weights: as fast as the student itself."""
    with quiet_wrapping():
        return PeftModel.from_pretrained(model, str(folder)).merge_and_unload()
