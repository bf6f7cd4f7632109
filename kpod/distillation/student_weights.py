"""Which of a student's weights are trained, and how a trained student is kept: an adapter, or a whole checkpoint."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from safetensors import SafetensorError

from kpod.distillation.adapter import add_adapter, save_adapter
from kpod.errors import InputError

ADAPTER, WHOLE = "adapter", "student"
FOLDERS = {"lora": ADAPTER, "full": WHOLE}
"""Where a run keeps its trained student, by `distillation.tuning`."""


def to_be_trained(model: Any, settings: dict[str, Any], *, seed: int) -> Any:
    """The model with an adapter as its only trainable weights (`tuning` lora), or with all trainable (full).

    `settings`: `tuning` and those of the adapter (`lora_rank`, `lora_alpha`, `lora_dropout`, `lora_targets`).
    """
    if settings["tuning"] == "full":
        return model.requires_grad_(True)
    names = ("rank", "alpha", "dropout", "targets")
    return add_adapter(model, **{name: settings[f"lora_{name}"] for name in names}, seed=seed)


def save_trained(model: Any, tokenizer: Any, folder: Path, tuning: str) -> None:
    """Write `adapter/`, or with full tuning `student/`, a checkpoint as any other; the other kind goes.

    Raises InputError where the disk refuses it.
    """
    if tuning == "lora":
        save_adapter(model, folder / ADAPTER)
    else:
        _save_whole(model, tokenizer, folder / WHOLE)
    for kind, name in FOLDERS.items():
        if kind != tuning:
            shutil.rmtree(folder / name, ignore_errors=True)


def _save_whole(model: Any, tokenizer: Any, folder: Path) -> None:
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}.tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    try:
        model.save_pretrained(temporary)
        tokenizer.save_pretrained(temporary)
        shutil.rmtree(folder, ignore_errors=True)
        temporary.rename(folder)
    except (OSError, SafetensorError) as error:  # safetensors wraps the system's error
        raise InputError(
            f"Could not write the student in {folder.parent}: {error}. Free space there, or copy the run folder to "
            "another disk, and resume the run: it goes on from its last checkpoint."
        ) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
