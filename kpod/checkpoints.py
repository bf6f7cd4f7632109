"""Checkpoints of a training: safetensors and JSON, complete or absent, the last two kept, nothing pickled."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from kpod.errors import InputError

KEPT = 2


@dataclass(frozen=True)
class Checkpoint:
    """Tensors by name, and plain values: the step, the position in the data and whatever the training needs."""

    tensors: dict[str, torch.Tensor]
    values: dict[str, Any]


def save_checkpoint(folder: Path, step: int, tensors: dict[str, torch.Tensor], values: dict[str, Any]) -> None:
    """Write checkpoint `step` under a temporary name, rename it, and delete all but the last two up to it.

    Later ones are damaged ones that `load_newest` passed over. Raises InputError where the disk refuses it.
    """
    final, temporary = folder / _name(step), folder / f".{_name(step)}.tmp"
    try:
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir(parents=True)
        contiguous = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
        save_file(contiguous, temporary / "tensors.safetensors")
        (temporary / "values.json").write_text(json.dumps(values), encoding="utf-8")
        shutil.rmtree(final, ignore_errors=True)
        temporary.rename(final)
    except (OSError, SafetensorError) as error:  # safetensors wraps the system's error
        raise InputError(
            f"Could not write the checkpoint of step {step} in {folder}: {error}. The one before it is whole. "
            "Free space there, or copy the run folder to another disk, and resume the run."
        ) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    names = sorted(path.name for path in folder.glob("step-*"))
    up_to_here = [name for name in names if name <= final.name]
    for name in set(names) - set(up_to_here[-KEPT:]):
        shutil.rmtree(folder / name)


def _name(step: int) -> str:
    return f"step-{step:08d}"


def load_newest(folder: Path, report: Any = print) -> Checkpoint | None:
    """The newest checkpoint that can be read; a damaged one is passed over, saying so. None where there is none."""
    for path in sorted(folder.glob("step-*"), reverse=True):
        try:
            values = json.loads((path / "values.json").read_text(encoding="utf-8"))
            return Checkpoint(load_file(path / "tensors.safetensors"), values)
        except (OSError, ValueError, SafetensorError) as error:
            report(f"Checkpoint {path.name} is damaged ({error}); going back to the one before.")
    return None


def last_good_checkpoint(folder: Path | None, step: int) -> str:
    """A sentence that names the newest checkpoint of at most `step` steps."""
    kept = sorted(folder.glob("step-*")) if folder else []
    good = [path.name for path in kept if int(path.name.removeprefix("step-")) <= step]
    return f"The last good checkpoint is {good[-1]}." if good else "There is no checkpoint of before."


def delete_checkpoints(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)


def optimizer_tensors(optimizer: torch.optim.Optimizer, names: Iterable[str]) -> dict[str, torch.Tensor]:
    """The state of AdamW by `optimizer.NAME.KEY`; `names` are those of its parameters, in its order."""
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    return {
        f"optimizer.{name}.{key}": value
        for name, parameter in zip(names, parameters, strict=True)
        for key, value in optimizer.state[parameter].items()
    }


def restore_optimizer(optimizer: torch.optim.Optimizer, names: Iterable[str], tensors: dict[str, torch.Tensor]) -> None:
    """Undo `optimizer_tensors`."""
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    for name, parameter in zip(names, parameters, strict=True):
        prefix = f"optimizer.{name}."
        mine = {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}
        state = {key: value for key, value in mine.items() if "." not in key}  # else it is another name's, longer
        if state:
            optimizer.state[parameter] = {
                key: value.clone() if key == "step" else value.to(parameter.device).clone()
                for key, value in state.items()
            }
