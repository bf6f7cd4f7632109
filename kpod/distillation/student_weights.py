"""Which of a student's weights are trained, and how a trained student is kept: an adapter, or a whole checkpoint."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from kpod.distillation.adapter import add_adapter, save_adapter, whole_folder

ADAPTER, WHOLE = "adapter", "student"
FOLDERS = {"lora": ADAPTER, "full": WHOLE}
"""Where a run keeps its trained student, by `distillation.tuning`."""


def to_be_trained(model: Any, settings: dict[str, Any], *, seed: int) -> Any:
    """The model with an adapter as its only trainable weights (`tuning` lora), or with all trainable (full).

    `settings`: `tuning` and those of the adapter (`lora_rank`, `lora_alpha`, `lora_dropout`, `lora_targets`).
    """
    if settings["tuning"] == "full":
        return model.float().requires_grad_(True)  # in bfloat16 most updates are too small to move a weight
    names = ("rank", "alpha", "dropout", "targets")
    return add_adapter(model, **{name: settings[f"lora_{name}"] for name in names}, seed=seed)


def save_trained(model: Any, tokenizer: Any, folder: Path, tuning: str) -> None:
    """Write `adapter/`, or with full tuning `student/`, a checkpoint as any other; the other kind goes.

    Raises InputError where the disk refuses it.
    """
    if tuning == "lora":
        save_adapter(model, folder / ADAPTER)
    else:
        with whole_folder(folder / WHOLE, "student") as temporary:
            model.save_pretrained(temporary)
            tokenizer.save_pretrained(temporary)
    for kind, name in FOLDERS.items():
        if kind != tuning:
            shutil.rmtree(folder / name, ignore_errors=True)
