"""The training loop: one stage an epoch, the objective's loss, difficulty recorded after every epoch, exact resume."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from kpod.batching import bucketed_batches
from kpod.checkpoints import load_newest, save_checkpoint
from kpod.curriculum.rivals import CurriculumState, StagePlan
from kpod.distillation.batches import Totals, TrainingBatch, build_batch, passes
from kpod.distillation.learning_rate import learning_rate_factor
from kpod.distillation.lessons import Objective
from kpod.distillation.objective import supervised_targets
from kpod.distillation.training_state import restore_training, training_state
from kpod.distillation.workers import Workers
from kpod.divergence import WINDOW, LossWatch, NotFinite, check_finite, divergence_error
from kpod.errors import InputError, RunCancelled
from kpod.memory import peak_memory_on
from kpod.progress import Reporter, TimeLeft
from kpod.prompts import EncodedExample
from kpod.step_difficulty.token_nlls import token_nlls

TOKENS_A_PASS = 480  # on a CPU, where more at once is no faster and takes memory in proportion


@dataclass(frozen=True)
class TrainingOptions:
    """How the student is trained; the fields are those of the configuration's section `distillation`.

    A step is of `batch_size` x `accumulation` questions. `length`: `epochs` passes over the questions that take part,
    or as many supervised tokens as so many passes over whole rationales give, whatever the objective supervises.
    `given_steps`: where an encoder-decoder student finds the steps that it is given.
    """

    epochs: int
    batch_size: int
    learning_rate: float
    schedule: str
    warmup_fraction: float
    weight_decay: float
    gradient_clip: float
    seed: int
    checkpoint_seconds: float
    accumulation: int = 1
    length: Literal["epochs", "tokens"] = "epochs"
    given_steps: Literal["decoder_prefix", "encoder_input"] = "decoder_prefix"


@dataclass
class Position:
    """Where a training stands: epoch (from 1), batches of it done, steps and supervised tokens in all."""

    epoch: int = 1
    batch: int = 0
    step: int = 0
    supervised: int = 0


class Distillation:
    """The distillation of one student, from wherever its checkpoints left it to the end."""

    def __init__(
        self,
        model: Any,
        objective: Objective,
        curriculum: Any,
        examples: Sequence[EncodedExample],
        probe: Sequence[int],
        options: TrainingOptions,
        *,
        pad_id: int,
        checkpoints: Path | None = None,
        reporter: Reporter | None = None,
    ):
        """`model` has requires_grad where it is to be trained. `curriculum`: see kpod.curriculum.rivals.

        `examples`: the questions with their rationales, by whose losses curricula adapt and difficulty is measured;
        `probe`: rows of them whose token NLLs are recorded after every epoch.
        """
        self.model, self.objective, self.curriculum = model, objective, curriculum
        self.examples, self.probe = list(examples), list(probe)
        self.options, self.pad_id = options, pad_id
        self.checkpoints, self.reporter = checkpoints, reporter or Reporter()
        self.workers = Workers()
        self.trainable = {name: value for name, value in model.named_parameters() if value.requires_grad}
        self.device = next(iter(self.trainable.values())).device
        self.optimizer = torch.optim.AdamW(
            list(self.trainable.values()), lr=options.learning_rate, weight_decay=options.weight_decay
        )
        self.lengths = np.array(objective.lengths)
        self.questions_a_step = options.batch_size * options.accumulation
        self.steps_an_epoch = -(-len(examples) // self.questions_a_step)  # where every question takes part
        self.whole_steps = options.epochs * self.steps_an_epoch
        self.whole_tokens = options.epochs * sum(int(supervised_targets(example, 0).sum()) for example in examples)
        self.total_steps = self.whole_steps  # as far as is known
        self.at = Position()
        self.state: CurriculumState = curriculum.start()
        self.plan: StagePlan | None = None  # of the epoch at work; None between epochs
        self.batches: list[np.ndarray] = []
        self.watch = LossWatch(model.get_input_embeddings().weight.shape[0])
        self.plans: list[StagePlan] = []  # what every epoch so far was trained on
        self.probe_nlls: list[np.ndarray] = []  # flat over the probe's tokens, one an epoch
        self.time_left = TimeLeft(self.total_steps)

    def run(self) -> list[list[np.ndarray]]:
        """Train to the end; the probe's token NLLs after every epoch: [epoch][probe question] -> (num_rationale,).

        Raises RunCancelled, with a checkpoint, where asked to stop; InputError where the training diverged.
        """
        self._restore()
        self._announce()
        last_saved = time.monotonic()
        self.model.train()
        while not self._finished():
            if self.plan is None:
                self._begin_epoch()
            if self.at.batch < len(self.batches):
                self._one_step()
            if self.at.batch == len(self.batches) or self._finished():
                self._end_epoch()
            cancelled = self.workers.agreed(self.reporter.cancelled())
            if cancelled or time.monotonic() - last_saved >= self.options.checkpoint_seconds:
                self._save()
                last_saved = time.monotonic()
            if cancelled and not self._finished():
                raise RunCancelled(f"Stopped in distillation after step {self.at.step} of {self.total_steps}.")
        cuts = np.cumsum([self.examples[row].num_rationale for row in self.probe])[:-1]
        return [np.split(flat, cuts) for flat in self.probe_nlls]

    # ---- epochs

    def _finished(self) -> bool:
        if self.options.length == "tokens":
            return self.at.supervised >= self.whole_tokens
        return self.at.epoch > self.options.epochs

    def _begin_epoch(self) -> None:
        losses = self._question_losses() if self._adapts() else None
        before = self.plans[-1] if self.plans else None
        self.state, self.plan = self.curriculum.next_stage(self.state, losses)
        self.plans.append(self.plan)
        if before is not None and not _same(before, self.plan):
            self.watch.changed()
        self._make_batches()
        self._estimate()

    def _adapts(self) -> bool:
        return self.curriculum.needs_losses and self.state.stage < self.curriculum.num_stages

    def _make_batches(self) -> None:
        """Batches of the questions that take part in the epoch; those of all are the same whatever the curriculum."""
        assert self.plan is not None
        taking_part = np.flatnonzero(self.plan.participation > 0)
        self.batches = [
            taking_part[rows]
            for rows in bucketed_batches(
                self.lengths[taking_part], self.questions_a_step, self.options.seed, self.at.epoch - 1
            )
        ]

    def _end_epoch(self) -> None:
        if self.probe and self.workers.leads:
            nlls = token_nlls(self.model, [self.examples[row] for row in self.probe], pad_id=self.pad_id)
            self.probe_nlls.append(np.concatenate(nlls))
        self.at.epoch, self.at.batch, self.plan, self.batches = self.at.epoch + 1, 0, None, []

    def _question_losses(self) -> np.ndarray:
        """The mean NLL of every question's rationale and answer under the student as it is."""
        if not self.workers.leads:
            return np.array(self.workers.told())
        listening = _Listening(self.reporter)
        try:
            nlls = token_nlls(self.model, self.examples, pad_id=self.pad_id, to_the_end=True, reporter=listening)
        except RunCancelled:
            self.model.train()
            self._save()
            raise
        return np.array(self.workers.told([float(values.mean()) for values in nlls]))

    def _estimate(self) -> None:
        """How many steps there will be in all, were every later epoch whole."""
        if self.options.length == "tokens":
            share = max(0, self.whole_tokens - self.at.supervised) / self.whole_tokens
            total = self.at.step + round(share * self.whole_steps)
        else:
            whole_epochs = self.options.epochs - self.at.epoch + (self.plan is None)
            total = self.at.step + len(self.batches) - self.at.batch + whole_epochs * self.steps_an_epoch
        if total != self.total_steps:
            self.total_steps = total
            self._announce()

    def _announce(self) -> None:
        self.reporter.start("distill", self.total_steps, self.at.step, "steps")
        self.time_left = TimeLeft(self.total_steps, self.at.step)

    # ---- steps

    def _one_step(self) -> None:
        assert self.plan is not None
        started = time.monotonic()
        epoch = self.at.epoch
        shares = [self._build(rows, self.plan) for rows in self.workers.shares(self.batches[self.at.batch])]
        batches = [batch for share in shares for batch in share]
        learning_rate = self.options.learning_rate * self._learning_rate_factor()
        totals = Totals.of(batches)
        loss = 0.0  # of parts of rationales whose steps are all given, nothing is taught
        if totals.supervised:
            try:
                loss = self._update(shares[self.workers.rank], totals, learning_rate)
            except NotFinite as found:
                raise self._diverged(str(found), self.at.step) from found
            self._look_out(loss, batches, totals)
        self.at.batch, self.at.step = self.at.batch + 1, self.at.step + 1
        self.at.supervised += totals.supervised
        self.reporter.advance()
        self.time_left.advance(1)
        self.reporter.metrics(
            {
                "stage": "distill",
                "step": self.at.step,
                "epoch": epoch,
                "loss": loss,
                "learning_rate": learning_rate,
                "supervised_tokens": totals.supervised,
                "tokens": sum(batch.num_tokens for batch in batches),
                "seconds": round(time.monotonic() - started, 4),
                "seconds_left": round(self.time_left.seconds() or 0.0, 1),
                "memory_bytes": peak_memory_on(self.device),
            }
        )

    def _build(self, rows: np.ndarray, plan: StagePlan) -> list[TrainingBatch]:
        """The batches of some of a step's questions: each goes through the student in one pass."""
        lessons = [
            [
                replace(lesson, scale=float(plan.participation[row]))
                for lesson in self.objective.lessons(int(row), self.at.epoch, int(plan.num_input_steps[row]))
            ]
            for row in rows
        ]
        in_encoder = self.options.given_steps == "encoder_input"
        longest = TOKENS_A_PASS if self.device.type == "cpu" else None
        return [
            build_batch(part, self.pad_id, given_in_encoder=in_encoder)
            for part in passes(lessons, self.options.batch_size, longest)
        ]

    def _learning_rate_factor(self) -> float:
        """By the share of the training that is done: an epoch of few questions is as long as any other."""
        if self.options.length == "tokens":
            position = self.whole_steps * self.at.supervised / self.whole_tokens
        else:
            within = self.at.batch * self.steps_an_epoch / len(self.batches)
            position = (self.at.epoch - 1) * self.steps_an_epoch + within
        return learning_rate_factor(position, self.whole_steps, self.options.schedule, self.options.warmup_fraction)

    def _update(self, batches: list[TrainingBatch], totals: Totals, learning_rate: float) -> float:
        # Dropout: the same after a resume, and another in every process.
        torch.manual_seed(self.options.seed * 1_000_003 + self.at.step + (self.workers.rank << 48))
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate
        self.optimizer.zero_grad(set_to_none=True)
        whole = 0.0
        for batch in batches:
            loss = self.objective.loss(batch.predicted(self.model), batch, totals)
            loss.backward()
            whole += loss.item()
        parameters = list(self.trainable.values())
        whole = self.workers.sum_gradients(parameters, whole)
        check_finite("The loss", whole)
        norm = torch.nn.utils.clip_grad_norm_(parameters, self.options.gradient_clip)
        check_finite("The norm of the gradient", norm.item())
        self.optimizer.step()
        return whole

    def _look_out(self, loss: float, batches: list[TrainingBatch], totals: Totals) -> None:
        weight = sum(float(batch.weights_N.sum()) for batch in batches) / totals.supervised
        if weight > 0 and self.watch.diverged(loss / weight, self.at.step + 1):
            what = f"The loss has risen to {loss:.3g} over the last {WINDOW} steps"
            raise self._diverged(what, self.watch.last_good_step)

    def _diverged(self, what: str, last_good_step: int) -> InputError:
        return divergence_error(
            what,
            step=self.at.step + 1,
            total=self.total_steps,
            checkpoints=self.checkpoints,
            last_good_step=last_good_step,
            setting="distillation.learning_rate",
            value=self.options.learning_rate,
        )

    # ---- checkpoints

    def _save(self) -> None:
        if self.checkpoints is None or not self.workers.leads:
            return
        self.reporter.flush()
        save_checkpoint(self.checkpoints, self.at.step, *training_state(self))

    def _restore(self) -> None:
        found = load_newest(self.checkpoints, self.reporter.log) if self.checkpoints else None
        if found is None:
            return
        restore_training(self, found)
        if self.plan is not None:
            self._make_batches()
        self._estimate()
        self.reporter.log(f"Resuming distillation after step {self.at.step} of {self.total_steps}.")


class _Listening(Reporter):
    """Passes on the wish to stop alone."""

    def __init__(self, inner: Reporter):
        self.cancelled = inner.cancelled  # type: ignore[method-assign]


def _same(first: StagePlan, second: StagePlan) -> bool:
    steps = np.array_equal(first.num_input_steps, second.num_input_steps)
    return steps and np.array_equal(first.participation, second.participation)
