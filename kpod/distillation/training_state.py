"""What a checkpoint of a training holds, and how a training goes on from it."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from kpod.checkpoints import Checkpoint, optimizer_tensors, restore_optimizer
from kpod.curriculum.rivals import CurriculumState, StagePlan

PLAN = ("num_input_steps", "participation")


def training_state(training: Any) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """Tensors and plain values of a `Distillation`: weights, optimiser, curriculum, place in the data, history."""
    tensors = {f"parameter.{name}": value for name, value in training.trainable.items()}
    tensors |= optimizer_tensors(training.optimizer, training.trainable)
    if training.probe_nlls:
        tensors["probe_nlls"] = torch.from_numpy(np.stack(training.probe_nlls))
    tensors["curriculum.memory"] = torch.from_numpy(np.asarray(training.state.memory))
    for name in PLAN:
        if training.plans:
            tensors[f"plans.{name}"] = torch.from_numpy(np.stack([getattr(plan, name) for plan in training.plans]))
    values = {"at": vars(training.at), "stage": training.state.stage, "watch": training.watch.state()}
    return tensors, values | {"in_epoch": training.plan is not None}


def restore_training(training: Any, found: Checkpoint) -> None:
    """Undo `training_state`, but for the batches of the epoch at work."""
    with torch.no_grad():
        for name, value in training.trainable.items():
            value.copy_(found.tensors[f"parameter.{name}"])
    restore_optimizer(training.optimizer, training.trainable, found.tensors)
    if "probe_nlls" in found.tensors:
        training.probe_nlls = list(found.tensors["probe_nlls"].numpy())
    for name, value in found.values["at"].items():
        setattr(training.at, name, value)
    training.state = CurriculumState(found.values["stage"], found.tensors["curriculum.memory"].numpy())
    training.watch.restore(found.values["watch"])
    if "plans.participation" in found.tensors:
        steps, shares = (found.tensors[f"plans.{name}"].numpy() for name in PLAN)
        training.plans = [StagePlan(stage, *plan) for stage, plan in enumerate(zip(steps, shares, strict=True), 1)]
    training.plan = training.plans[-1] if found.values["in_epoch"] else None
