"""The training loop: one stage an epoch, the weighted loss, difficulty recorded after every epoch, exact resume."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from kpod.batching import bucketed_batches
from kpod.checkpoints import load_newest, optimizer_tensors, restore_optimizer, save_checkpoint
from kpod.distillation.batches import TrainingBatch, build_batch
from kpod.distillation.objective import weighted_loss
from kpod.errors import InputError, RunCancelled
from kpod.progress import Reporter
from kpod.prompts import EncodedExample
from kpod.step_difficulty.token_nlls import token_nlls
from kpod.students.supervised_logits import logits_at

StagePlan = Callable[[int], tuple[np.ndarray, np.ndarray]]
"""Epoch (from 1) -> number of given steps and participation, each (questions,)."""


@dataclass(frozen=True)
class TrainingOptions:
    """How the student is trained; the fields are those of the configuration's section `distillation`."""

    epochs: int
    batch_size: int
    learning_rate: float
    schedule: str
    warmup_fraction: float
    weight_decay: float
    gradient_clip: float
    seed: int
    checkpoint_seconds: float


def learning_rate_factor(step: int, total_steps: int, schedule: str, warmup_fraction: float) -> float:
    """Share of the peak learning rate at a step (from 0): a linear rise, then constant, linear or cosine to 0."""
    warmup_steps = math.ceil(warmup_fraction * total_steps)
    if step < warmup_steps:
        return (step + 1) / warmup_steps
    if schedule == "constant":
        return 1.0
    share = (step - warmup_steps) / max(1, total_steps - warmup_steps)
    return 1.0 - share if schedule == "linear" else 0.5 * (1 + math.cos(math.pi * share))


class Distillation:
    """The distillation of one student, from wherever its checkpoints left it to the last epoch."""

    def __init__(
        self,
        model: Any,
        examples: Sequence[EncodedExample],
        token_weights: Sequence[np.ndarray | None],
        plan: StagePlan,
        probe: Sequence[int],
        options: TrainingOptions,
        *,
        pad_id: int,
        checkpoints: Path | None = None,
        reporter: Reporter | None = None,
    ):
        """`model` has an adapter. `probe`: rows of the examples whose token NLLs are recorded after every epoch."""
        self.model, self.examples, self.token_weights, self.plan = model, examples, token_weights, plan
        self.probe, self.options, self.pad_id = list(probe), options, pad_id
        self.checkpoints, self.reporter = checkpoints, reporter or Reporter()
        self.trainable = {name: value for name, value in model.named_parameters() if value.requires_grad}
        self.optimizer = torch.optim.AdamW(
            list(self.trainable.values()), lr=options.learning_rate, weight_decay=options.weight_decay
        )
        self.lengths = [len(example) for example in examples]
        self.steps_an_epoch = -(-len(examples) // options.batch_size)
        self.total_steps = options.epochs * self.steps_an_epoch
        self.step = 0
        self.probe_nlls: list[np.ndarray] = []  # flat over the probe's tokens, one an epoch

    def run(self) -> list[list[np.ndarray]]:
        """Train to the end; the probe's token NLLs after every epoch: [epoch][probe question] -> (num_rationale,).

        Raises RunCancelled, with a checkpoint, where asked to stop; InputError where the loss is no number any more.
        """
        self._restore()
        self.reporter.start("distill", self.total_steps, self.step, "steps")
        last_saved = time.monotonic()
        self.model.train()
        while self.step < self.total_steps:
            self._one_step()
            self.reporter.advance()
            cancelled = self.reporter.cancelled()
            if cancelled or time.monotonic() - last_saved >= self.options.checkpoint_seconds:
                self._save()
                last_saved = time.monotonic()
            if cancelled:
                raise RunCancelled(f"Stopped in distillation after step {self.step} of {self.total_steps}.")
        cuts = np.cumsum([self.examples[row].num_rationale for row in self.probe])[:-1]
        return [np.split(flat, cuts) for flat in self.probe_nlls]

    def _one_step(self) -> None:
        started = time.monotonic()
        epoch, index = divmod(self.step, self.steps_an_epoch)
        input_steps, participation = self.plan(epoch + 1)
        rows = bucketed_batches(self.lengths, self.options.batch_size, self.options.seed, epoch)[index]
        batch = build_batch(
            [self.examples[row] for row in rows],
            [self.token_weights[row] for row in rows],
            input_steps[rows],
            participation[rows],
            self.pad_id,
        )
        options = self.options
        factor = learning_rate_factor(self.step, self.total_steps, options.schedule, options.warmup_fraction)
        loss = self._update(batch, options.learning_rate * factor) if len(batch.targets_N) else 0.0
        self.step += 1
        if index == self.steps_an_epoch - 1:
            self._probe()
        self.reporter.metrics(
            {
                "stage": "distill",
                "step": self.step,
                "epoch": epoch + 1,
                "loss": loss,
                "learning_rate": options.learning_rate * factor,
                "supervised_tokens": len(batch.targets_N),
                "tokens": int(batch.attention_mask_BL.sum()),
                "seconds": round(time.monotonic() - started, 4),
            }
        )

    def _update(self, batch: TrainingBatch, learning_rate: float) -> float:
        torch.manual_seed(self.options.seed * 1_000_003 + self.step)  # dropout, the same after a resume
        device = next(iter(self.trainable.values())).device
        logits_NV = logits_at(
            self.model,
            batch.predicts_BL.to(device),
            input_ids=batch.input_ids_BL.to(device),
            attention_mask=batch.attention_mask_BL.to(device),
        )
        loss = weighted_loss(logits_NV, batch.targets_N.to(device), batch.weights_N.to(device))
        if not torch.isfinite(loss):
            raise InputError(self._diverged(loss.item()))
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(list(self.trainable.values()), self.options.gradient_clip)
        if not torch.isfinite(norm):
            raise InputError(self._diverged(norm.item(), "norm of the gradient"))
        self.optimizer.step()
        return loss.item()

    def _probe(self) -> None:
        if self.probe:
            nlls = token_nlls(self.model, [self.examples[row] for row in self.probe], pad_id=self.pad_id)
            self.probe_nlls.append(np.concatenate(nlls))

    def _diverged(self, value: float, what: str = "loss") -> str:
        kept = sorted(self.checkpoints.glob("step-*")) if self.checkpoints else []
        last = f"The last good checkpoint is {kept[-1].name}." if kept else "There is no checkpoint yet."
        return (
            f"The {what} is {value} at step {self.step + 1} of {self.total_steps}: the training diverged. {last} "
            f"Lower distillation.learning_rate (it is {self.options.learning_rate:g}) and run again."
        )

    def _save(self) -> None:
        if self.checkpoints is None:
            return
        self.reporter.flush()
        tensors = {f"parameter.{name}": value for name, value in self.trainable.items()}
        tensors |= optimizer_tensors(self.optimizer, self.trainable)
        if self.probe_nlls:
            tensors["probe_nlls"] = torch.from_numpy(np.stack(self.probe_nlls))
        save_checkpoint(self.checkpoints, self.step, tensors, {"step": self.step})

    def _restore(self) -> None:
        found = load_newest(self.checkpoints, self.reporter.log) if self.checkpoints else None
        if found is None:
            return
        with torch.no_grad():
            for name, value in self.trainable.items():
                value.copy_(found.tensors[f"parameter.{name}"])
        restore_optimizer(self.optimizer, self.trainable, found.tensors)
        if "probe_nlls" in found.tensors:
            self.probe_nlls = list(found.tensors["probe_nlls"].numpy())
        self.step = found.values["step"]
        self.reporter.log(f"Resuming distillation after step {self.step} of {self.total_steps}.")
