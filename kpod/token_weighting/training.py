"""Learning token weights: warm up the answer predictor, then learn what may be masked (Eq. 2 to 7).

Learned as the paper writes it the weights collapse: every token is kept, or none. What we do instead, and what
`paper` mode (`weights.mode`) sets back, all at once:

| part | default | paper mode |
|---|---|---|
| answer predictor | warmed up alone under random masks, then at a low rate; rates fall | never alone, one rate |
| price of keeping a token (Eq. 7) | dual ascent on a tolerated loss, in units of the information gap | fixed alpha |
| what must stay predictable (Eq. 5) | the answer, and the rest of the rationale | the answer |
| losses (Eq. 5, 6) | means; the expected share of tokens that is kept | sums; the drawn mask's |
| prefixes (Eq. 5) | those that end a step | all |
| masked token (Eq. 4) | a key that attention passes over | zero |
| sample (Eq. 3) | soft | hard, straight-through |
| logits (Eq. 2) | bounded smoothly; besides, a bounded part from a token's place and neighbours | as they are |
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from kpod.batching import bucketed_batches, drawn_rows, sorted_batches
from kpod.checkpoints import load_newest, optimizer_tensors, restore_optimizer, save_checkpoint
from kpod.divergence import WINDOW, LossWatch, NotFinite, divergence_error
from kpod.errors import InputError, RunCancelled
from kpod.memory import peak_memory_on
from kpod.progress import Reporter, TimeLeft
from kpod.prompts import EncodedExample
from kpod.token_weighting.answer_losses import MEASURED, AnswerLosses, measure_answer_losses
from kpod.token_weighting.encoding_difference import encoding_difference
from kpod.token_weighting.foreign_predictor import ForeignPredictor, with_student_rationale
from kpod.token_weighting.learner import MaskLearner
from kpod.token_weighting.losses import Price, collapse_warning
from kpod.token_weighting.options import MaskLearningOptions
from kpod.token_weighting.predictor import RationaleBatch
from kpod.token_weighting.prefixes import drawn_continuation, prefix_lengths, sampled_lengths

MEASURE_EVERY = 6  # steps between measurements of the full and the empty rationale
DRAW = 1_000_003  # the draw of the questions to learn from, beside those of the epochs' batches
REST = 2_000_003  # the draws of continuations, beside those
PREDICTOR, MASK = "predictor", "mask"  # the kinds of steps: the predictor alone, or with the generator


@dataclass(frozen=True)
class LearnedWeights:
    """weights: one array of (num_rationale,) an example. history: the same after every epoch, (epochs, tokens) flat.

    generator: what `weigh` needs for new rationales; generator_options: what it was built with. warning: why the
    weights mean nothing, if they do. losses: what the masks leave of the rationales in the end. notes: measured on the
    way; for an encoder-decoder predictor what `encoding_difference` returns.
    """

    weights: list[np.ndarray]
    history: np.ndarray
    generator: dict[str, Tensor]
    generator_options: dict[str, Any]
    warning: str | None
    losses: AnswerLosses
    notes: dict[str, float] = field(default_factory=dict)


def learn_token_weights(
    model: Any,
    examples: Sequence[EncodedExample],
    options: MaskLearningOptions,
    *,
    pad_id: int,
    predictor: ForeignPredictor | None = None,
    checkpoints: Path | None = None,
    reporter: Reporter | None = None,
) -> LearnedWeights:
    """Learn w for the tokens of every rationale (Eq. 2 to 7).

    It learns from at most `options.max_questions` of the examples, drawn by the seed; the generator then weighs all.
    `model` is the student's own model, causal or encoder-decoder. It predicts the answers itself, unless another
    `predictor` is given; whichever does gets an adapter and is of no other use afterwards. Resumes from `checkpoints`
    where they hold a part of this training. Raises RunCancelled, with a checkpoint, where asked to stop, and InputError
    where the training diverged.
    """
    training = _Training(model, examples, options, pad_id, predictor, checkpoints, reporter or Reporter())
    training.run()
    history = np.stack(training.history)
    losses, keep_rate = training.answer_losses(), float(history[-1].mean())
    return LearnedWeights(
        weights=np.split(history[-1], np.cumsum([example.num_rationale for example in examples])[:-1]),
        history=history,
        generator={
            name: value.detach().cpu()
            for name, value in training.learner.trainable().items()
            if not name.startswith("predictor.")
        },
        generator_options=training.learner.generator_options,
        warning=collapse_warning(
            keep_rate,
            spread=float(history[-1].std()),
            nll_masked=losses.masked,
            nll_full=losses.full,
            nll_empty=losses.empty,
            logit_bound=options.logit_bound and options.logit_bound + options.context_range,
            first_empty=training.learner.price.first_empty,
        ),
        losses=losses,
        notes=training.notes,
    )


class _Training:
    """The loop over batches, with its checkpoints: every random choice is derived from the seed and the step."""

    def __init__(
        self,
        model: Any,
        examples: Sequence[EncodedExample],
        options: MaskLearningOptions,
        pad_id: int,
        foreign: ForeignPredictor | None,
        checkpoints: Path | None,
        reporter: Reporter,
    ):
        self.examples, self.options, self.reporter = examples, options, reporter
        self.checkpoints = checkpoints
        self.told = examples if foreign is None else foreign.examples  # in the tokens that the predictor writes
        self.read = [  # what the predictor reads
            example if foreign is None else with_student_rationale(example, other)
            for example, other in zip(examples, self.told, strict=True)
        ]
        self.learned_from = np.array(drawn_rows(len(examples), options.max_questions, (options.seed, DRAW)))
        self.lengths = [len(examples[row]) for row in self.learned_from]
        self.steps_an_epoch = -(-len(self.learned_from) // options.batch_size)
        self.total_steps = (options.warmup_epochs + options.epochs) * self.steps_an_epoch
        self.mask_steps = options.epochs * self.steps_an_epoch
        every = options.predictor_steps_every
        generator_steps = self.mask_steps * (every - 1) // every if every else self.mask_steps
        self.learner = MaskLearner(model, options, generator_steps, pad_id, foreign)
        vocabulary = self.learner.predictor.embedding.weight.shape[0]
        # Random masks are the same task all the time; what learned ones leave of a rationale moves with their price.
        self.watches = {PREDICTOR: LossWatch(vocabulary), MASK: LossWatch(vocabulary, rises=False)}
        self.history: list[np.ndarray] = []
        self.notes: dict[str, float] = {}
        self.step = 0
        self.time_left = TimeLeft(self.total_steps)

    def run(self) -> None:
        self._restore()
        if len(self.learned_from) < len(self.examples):
            self.reporter.log(f"Mask learning from {len(self.learned_from)} of {len(self.examples)} questions.")
        self.reporter.start("weights", self.total_steps, self.step, "steps")
        self.time_left = TimeLeft(self.total_steps, self.step)
        last_saved = time.monotonic()
        while self.step < self.total_steps:
            self._one_step()
            epochs, begun = divmod(self.step, self.steps_an_epoch)
            if not begun and epochs > self.options.warmup_epochs:
                self.history.append(np.concatenate(self.learner.weights_of(self.examples)))
            if self.reporter.cancelled():
                self._save()
                raise RunCancelled(f"Stopped in mask learning after step {self.step} of {self.total_steps}.")
            if time.monotonic() - last_saved >= self.options.checkpoint_seconds:
                self._save()
                last_saved = time.monotonic()

    def answer_losses(self) -> AnswerLosses:
        """What the masks as learned now leave, on at most `MEASURED` of the rationales that it learned from."""
        seed = self.options.seed * 1_000_003 + self.total_steps
        drawn = self.learned_from[drawn_rows(len(self.learned_from), MEASURED, (seed, DRAW))]
        lengths = [len(self.examples[row]) for row in drawn]
        epoch = self.options.warmup_epochs + self.options.epochs
        batches = (
            self._batch(epoch, drawn[rows], continued=False)
            for rows in sorted_batches(lengths, self.options.batch_size)
        )
        return measure_answer_losses(self.learner, batches, seed)

    def _one_step(self) -> None:
        started = time.monotonic()
        epoch, batch_index = divmod(self.step, self.steps_an_epoch)
        batch = self._batch(epoch, self._batches(epoch)[batch_index])
        try:
            figures = self._train(batch)
        except NotFinite as found:
            raise self._diverged(str(found), self.step) from found
        self._look_out(figures)
        self.step += 1
        self.reporter.advance()
        self.time_left.advance(1)
        self.reporter.metrics(
            {
                "stage": "weights",
                "step": self.step,
                "epoch": epoch + 1,
                **figures,
                "learning_rate": self.learner.rate_of(generator=figures["phase"] == MASK),
                "tokens": batch.num_tokens,
                "seconds": round(time.monotonic() - started, 4),
                "seconds_left": round(self.time_left.seconds() or 0.0, 1),
                "memory_bytes": peak_memory_on(self.learner.device),
            }
        )

    def _train(self, batch: RationaleBatch) -> dict[str, Any]:
        """One step, of the kind whose turn it is; what it measured. Raises NotFinite."""
        options, learner = self.options, self.learner
        seed = options.seed * 1_000_003 + self.step
        mask_step = self._mask_step
        every = options.predictor_steps_every
        share = mask_step / max(1, self.mask_steps - 1)
        if mask_step >= 0:
            learner.set_rates(share)
        if mask_step < 0 or (every and mask_step % every == every - 1):
            return {"phase": PREDICTOR, **learner.train_predictor(batch, seed)}
        if mask_step == 0:
            self.notes = encoding_difference(learner, batch)
        measured = learner.price.loss_full is None or mask_step % MEASURE_EVERY == 0
        figures = learner.train_both(batch, seed, share, measured=measured)
        worth = {"nll_full": learner.price.nll_full, "nll_empty": learner.price.nll_empty}
        noted = self.notes if mask_step == 0 else {}
        return {"phase": MASK, **figures, **worth, **noted}

    @property
    def _mask_step(self) -> int:
        """The steps since the warm-up; below 0 in it."""
        return self.step - self.options.warmup_epochs * self.steps_an_epoch

    def _look_out(self, figures: dict[str, Any]) -> None:
        watch = self.watches[figures["phase"]]
        # A loss of two NLLs is held against what guessing has as a mean of both.
        loss_a_token = figures["loss"] / (1 + self.options.rest_weight)
        if watch.diverged(loss_a_token, self.step + 1):
            under = "random masks" if figures["phase"] == PREDICTOR else "masks as learned"
            what = f"The loss under {under} has risen to {figures['loss']:.3g} over the last {WINDOW} such steps"
            raise self._diverged(what, watch.last_good_step)

    def _diverged(self, what: str, last_good_step: int) -> InputError:
        return divergence_error(
            what,
            step=self.step + 1,
            total=self.total_steps,
            checkpoints=self.checkpoints,
            last_good_step=last_good_step,
            **self._rate_to_lower(),
        )

    def _rate_to_lower(self) -> dict[str, Any]:
        """The setting of the generator's rate where that has one of its own and learns, else of the predictor's."""
        if self._mask_step >= 0 and self.options.generator_rate is not None:
            return {"setting": "weights.generator_rate", "value": self.options.generator_rate}
        return {"setting": "weights.learning_rate", "value": self.options.learning_rate}

    def _batches(self, epoch: int) -> list[np.ndarray]:
        """The rows of every batch of an epoch, of those that it learns from."""
        batches = bucketed_batches(self.lengths, self.options.batch_size, self.options.seed, epoch)
        return [self.learned_from[rows] for rows in batches]

    def _batch(self, epoch: int, rows: np.ndarray, *, continued: bool = True) -> RationaleBatch:
        continuations = None
        if continued and self.options.rest_weight:
            seed = (self.options.seed, epoch, REST)
            continuations = [drawn_continuation(self.examples[row], (*seed, int(row)), self.told[row]) for row in rows]
        return self.learner.predictor.batch(
            [self.read[row] for row in rows], [self._prefixes(epoch, int(row)) for row in rows], continuations
        )

    def _prefixes(self, epoch: int, row: int) -> list[int]:
        sampled, example = self.options.num_sampled, self.examples[row]
        if sampled is None:
            return prefix_lengths(example, self.options.prefixes)
        return sampled_lengths(example.num_rationale, sampled, (self.options.seed, epoch, row))

    def _save(self) -> None:
        if self.checkpoints is None:
            return
        self.reporter.flush()
        named = self.learner.trainable()
        tensors = {f"parameter.{name}": value for name, value in named.items()}
        tensors |= optimizer_tensors(self.learner.optimizer, named)
        if self.history:
            tensors["history"] = torch.from_numpy(np.stack(self.history))
        values = {"step": self.step, "price": self.learner.price.values(), "notes": self.notes}
        values["watches"] = {phase: watch.state() for phase, watch in self.watches.items()}
        save_checkpoint(self.checkpoints, self.step, tensors, values)

    def _restore(self) -> None:
        found = load_newest(self.checkpoints, self.reporter.log) if self.checkpoints else None
        if found is None:
            return
        named = self.learner.trainable()
        with torch.no_grad():
            for name, value in named.items():
                value.copy_(found.tensors[f"parameter.{name}"])
        restore_optimizer(self.learner.optimizer, named, found.tensors)
        self.learner.price = Price(**found.values["price"])
        self.history = list(found.tensors["history"].numpy()) if "history" in found.tensors else []
        self.step, self.notes = found.values["step"], found.values.get("notes", {})
        for phase, state in found.values.get("watches", {}).items():  # none in checkpoints of earlier versions
            self.watches[phase].restore(state)
        self.reporter.log(f"Resuming mask learning after step {self.step} of {self.total_steps}.")
