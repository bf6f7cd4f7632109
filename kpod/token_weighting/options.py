"""How token weights are learned: the options of mask learning, and how temperature and hardness move over it."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class MaskLearningOptions:
    """How weights are learned; the fields are those of the configuration's section `weights`."""

    epochs: int
    warmup_epochs: int
    batch_size: int
    learning_rate: float
    lora_rank: int
    objective: str
    alpha: float
    tolerance: float
    dual_start: float
    dual_rate: float | None
    temperature: float
    sampling: str
    mask: str
    prefixes: str
    predictor_every: int
    logit_bound: float
    seed: int
    checkpoint_seconds: float = 60.0
    reduction: str = "mean"
    temperature_schedule: str = "constant"
    temperature_start: float = 2.0
    encoding: str = "exact"
    context_range: float = 0.0
    max_questions: int | None = None
    rest_weight: float = 0.0
    generator_rate: float | None = None
    class_rate: float = 1.0
    predictor_rate: float | None = None
    final_rate: float = 1.0

    def temperature_at(self, share: float) -> float:
        """The temperature when `share` (0..1) of the generator's steps are done: from `temperature_start` down to
        `temperature` in equal differences (linear) or ratios (geometric)."""
        start, end = self.temperature_start, self.temperature
        if self.temperature_schedule == "constant":
            return end
        if self.temperature_schedule == "linear":
            return start + share * (end - start)
        assert self.temperature_schedule == "geometric", self.temperature_schedule
        return start * (end / start) ** share

    def hardness_at(self, share: float) -> float:
        """How far samples have gone over from soft (0) to hard ones (1) when `share` of the steps are done."""
        return {"soft": 0.0, "hard": 1.0, "annealed": share}[self.sampling]

    @property
    def rate_of_generator(self) -> float:
        """The learning rate of the weight generator."""
        return self.learning_rate if self.generator_rate is None else self.generator_rate

    @property
    def rate_of_predictor(self) -> float:
        """The learning rate of the answer predictor after its warm-up; 0 where it stays as that left it."""
        return self.learning_rate if self.predictor_rate is None else self.predictor_rate

    @property
    def predictor_steps_every(self) -> int:
        """After the warm-up every so many steps are the predictor's alone; 0: none."""
        return self.predictor_every if self.rate_of_predictor else 0

    @property
    def num_sampled(self) -> int | None:
        """k of the prefixes `sample:k`; None for the others."""
        sampled = re.fullmatch(r"sample:(\d+)", self.prefixes)
        return int(sampled[1]) if sampled else None
