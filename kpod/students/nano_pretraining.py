"""Pre-training of the nano student, from nothing, on lessons of the small world."""

# Shapes: B lessons of a batch, L tokens of the longest, V words of the vocabulary.

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional
from transformers import LlamaConfig, LlamaForCausalLM

from kpod.batching import bucketed_batches
from kpod.checkpoints import load_newest, optimizer_tensors, restore_optimizer, save_checkpoint
from kpod.errors import RunCancelled
from kpod.progress import Reporter, TimeLeft, format_seconds
from kpod.students.nano_lessons import draw_lesson
from kpod.students.nano_tokenizer import CONTEXT, build_tokenizer

POOL = 1024  # lessons that are drawn and bucketed together
Score = Callable[[Any, Any], str]
"""Model and tokenizer -> what to log of how good the student is by now."""


@dataclass(frozen=True)
class NanoOptions:
    """How the nano student is made. `lessons` is the length of the course; width is a multiple of heads."""

    seed: int = 0
    lessons: int = 140_000
    batch_size: int = 20
    learning_rate: float = 2e-3
    warmup_steps: int = 100
    decay_share: float = 0.3  # of the steps, the last ones: the rate falls to a fiftieth, in a straight line
    weight_decay: float = 0.05
    layers: int = 4
    width: int = 144
    heads: int = 6
    inner_width: int = 384
    checkpoint_seconds: float = 120.0
    log_seconds: float = 30.0
    score_seconds: float = 300.0

    @property
    def steps(self) -> int:
        return self.lessons // self.batch_size


def build_model(options: NanoOptions, vocabulary_size: int) -> LlamaForCausalLM:
    """The untrained student."""
    config = LlamaConfig(
        vocab_size=vocabulary_size, hidden_size=options.width, intermediate_size=options.inner_width,
        num_hidden_layers=options.layers, num_attention_heads=options.heads, num_key_value_heads=options.heads,
        max_position_embeddings=CONTEXT, tie_word_embeddings=True, initializer_range=0.05,
        pad_token_id=0, bos_token_id=1, eos_token_id=2,
    )  # fmt: skip
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(options.seed)
        return LlamaForCausalLM(config)


def rate_factor(step: int, options: NanoOptions) -> float:
    """Share of the peak learning rate at a step (from 0): a rise, a plateau, and a straight fall to a fiftieth.

    On the plateau nothing depends on the length of the course, so a course under way can be made longer or shorter.
    """
    if step < options.warmup_steps:
        return (step + 1) / options.warmup_steps
    decay_steps = max(1, int(options.decay_share * options.steps))
    return min(1.0, max(0.02, (options.steps - step) / decay_steps))


class NanoCourse:
    """The lessons as batches: step -> ids (B, L), targets' weights (B, L); the same for the same seed."""

    def __init__(self, options: NanoOptions, tokenizer: Any):
        self.options, self.tokenizer = options, tokenizer
        self.batches_a_pool = POOL // options.batch_size
        self._pool = lru_cache(maxsize=1)(self._draw_pool)

    def batch(self, step: int) -> tuple[torch.Tensor, torch.Tensor]:
        pool, index = divmod(step, self.batches_a_pool)
        rows, batches = self._pool(pool)
        chosen = [rows[row] for row in batches[index]]
        size = max(len(ids) for ids, _ in chosen)
        ids_BL = torch.full((len(chosen), size), self.tokenizer.pad_token_id)
        weights_BL = torch.zeros((len(chosen), size))
        for row, (ids, weights) in enumerate(chosen):  # on the right: causal attention never looks there
            ids_BL[row, : len(ids)] = torch.tensor(ids)
            weights_BL[row, : len(ids)] = torch.tensor(weights)
        return ids_BL, weights_BL

    def _draw_pool(self, pool: int) -> tuple[list[tuple[list[int], list[float]]], list[np.ndarray]]:
        options = self.options
        num_rows = self.batches_a_pool * options.batch_size
        lessons = [draw_lesson(options.seed, pool * num_rows + index) for index in range(num_rows)]
        encoded = self.tokenizer([lesson.text for lesson in lessons], return_offsets_mapping=True)
        rows = []
        for lesson, ids, offsets in zip(lessons, encoded["input_ids"], encoded["offset_mapping"], strict=True):
            weights = [lesson.asked_weight if end <= lesson.taught_from else 1.0 for _, end in offsets]
            if lesson.ends:
                ids, weights = [*ids, self.tokenizer.eos_token_id], [*weights, 1.0]
            rows.append((ids[:CONTEXT], weights[:CONTEXT]))
        return rows, bucketed_batches([len(ids) for ids, _ in rows], options.batch_size, options.seed, pool)


def course_loss(model: Any, ids_BL: torch.Tensor, weights_BL: torch.Tensor) -> torch.Tensor:
    """The weighted mean of the next tokens' NLL. Padding is on the right, so it needs no attention mask."""
    logits_BLV = model(input_ids=ids_BL, use_cache=False).logits[:, :-1]
    nll = functional.cross_entropy(logits_BLV.flatten(0, 1), ids_BL[:, 1:].flatten(), reduction="none")
    weights = weights_BL[:, 1:].flatten()
    return (nll * weights).sum() / weights.sum()


class NanoPretraining:
    """The training loop; `run` resumes from the checkpoints, trains to the end of the course and returns the model."""

    def __init__(
        self, options: NanoOptions, checkpoints: Path, *, reporter: Reporter | None = None, score: Score | None = None
    ):
        self.options, self.checkpoints = options, checkpoints
        self.reporter, self.score = reporter or Reporter(), score
        self.tokenizer = build_tokenizer()
        self.model = build_model(options, len(self.tokenizer))
        self.course = NanoCourse(options, self.tokenizer)
        self.named = dict(self.model.named_parameters())
        self.optimizer = torch.optim.AdamW(
            list(self.named.values()), lr=options.learning_rate, betas=(0.9, 0.98), weight_decay=options.weight_decay
        )
        self.step = self.tokens = 0
        self.seconds = 0.0  # of training, all sittings together

    def run(self) -> LlamaForCausalLM:
        options = self.options
        self._restore()
        left = TimeLeft(options.steps, self.step)
        self.reporter.start("pretrain nano", options.steps, self.step, "steps")
        started = logged = saved = scored = time.monotonic()
        before, recent = self.seconds, []
        self.model.train()
        while self.step < options.steps:
            recent.append(self._one_step())
            left.advance(1)
            self.reporter.advance()
            now = time.monotonic()
            self.seconds = before + now - started
            if now - logged >= options.log_seconds:
                self._log(recent, left.seconds() or 0.0)
                logged, recent = now, []
            if self.score is not None and now - scored >= options.score_seconds:
                self._log_score()
                scored = time.monotonic()
            cancelled = self.reporter.cancelled()
            if cancelled or now - saved >= options.checkpoint_seconds:
                self._save()
                saved = now
            if cancelled:
                raise RunCancelled(f"Stopped in pre-training after step {self.step} of {options.steps}.")
        self._save()
        self._log_score()
        return self.model.eval()

    def _one_step(self) -> float:
        ids_BL, weights_BL = self.course.batch(self.step)
        loss = course_loss(self.model, ids_BL, weights_BL)
        for group in self.optimizer.param_groups:
            group["lr"] = self.options.learning_rate * rate_factor(self.step, self.options)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(list(self.named.values()), 1.0)
        self.optimizer.step()
        self.step += 1
        self.tokens += int((ids_BL != self.tokenizer.pad_token_id).sum())
        return loss.item()

    def _log(self, losses: list[float], seconds_left: float) -> None:
        mean = sum(losses) / len(losses)
        self.reporter.metrics({"stage": "pretrain nano", "step": self.step, "loss": mean, "tokens": self.tokens})
        self.reporter.log(
            f"step {self.step} of {self.options.steps}, loss {mean:.4f}, {self.tokens / 1e6:.2f}M tokens, "
            f"{self.tokens / max(1.0, self.seconds):.0f} a second, {format_seconds(seconds_left)} left"
        )

    def _log_score(self) -> None:
        if self.score is not None:
            self.model.eval()
            self.reporter.log(f"step {self.step}: {self.score(self.model, self.tokenizer)}")
            self.model.train()

    def _save(self) -> None:
        tensors = {f"parameter.{name}": value for name, value in self.named.items()}
        tensors |= optimizer_tensors(self.optimizer, self.named)
        save_checkpoint(self.checkpoints, self.step, tensors,
                        {"step": self.step, "tokens": self.tokens, "seconds": self.seconds})  # fmt: skip

    def _restore(self) -> None:
        found = load_newest(self.checkpoints, self.reporter.log)
        if found is None:
            return
        with torch.no_grad():
            for name, value in self.named.items():
                value.copy_(found.tensors[f"parameter.{name}"])
        restore_optimizer(self.optimizer, self.named, found.tensors)
        self.step, self.tokens, self.seconds = (found.values[key] for key in ("step", "tokens", "seconds"))
        self.reporter.log(f"Resuming after step {self.step} of {self.options.steps}.")


def pretrain_nano(
    target: Path,
    checkpoints: Path,
    options: NanoOptions | None = None,
    *,
    reporter: Reporter | None = None,
    score: Score | None = None,
) -> NanoPretraining:
    """Make the nano student (or go on making it) and write it to `target` as transformers loads it.

    The same options give the same weights on the same machine, resumed or not. Raises RunCancelled, with a checkpoint,
    where asked to stop.
    """
    training = NanoPretraining(options or NanoOptions(), checkpoints, reporter=reporter, score=score)
    training.run().save_pretrained(target)
    training.tokenizer.save_pretrained(target)
    return training
