"""The settings of mask learning, and what its paper mode sets to the paper's values. No torch."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import field_validator, model_validator

from kpod.config_section import Section, setting


class TokenWeightSettings(Section):
    mode: Literal["own", "paper"] = setting(
        "own",
        "own: by the settings below; paper: as Eq. 2 to 7 are written, whatever some of those say",
        paper="paper",
    )
    epochs: int = setting(3, "epochs of mask learning", unit="epochs", ge=1)
    warmup_epochs: int = setting(1, "epochs of the answer predictor alone, before", unit="epochs", paper=0, ge=0)
    batch_size: int = setting(4, "rationales a batch", unit="rationales", ge=1)
    max_questions: int | None = setting(
        None, "questions to learn from, drawn by the seed; all get weights; none: all of them", unit="questions", ge=1
    )
    learning_rate: float = setting(5e-4, "of the answer predictor", gt=0)
    generator_rate: float | None = setting(
        1e-3, "learning rate of the weight generator; none: that of the answer predictor", gt=0
    )
    class_rate: float = setting(
        0.3,
        "share of the generator's rate for its part by class: at all of it a class is at its bound before it is graded",
        paper=1.0, gt=0, le=1,
    )  # fmt: skip
    predictor_rate: float | None = setting(
        2e-4,
        "rate of the answer predictor after its warm-up; 0: it and a learned mask stay as they are; none: as before",
        ge=0,
    )
    final_rate: float = setting(
        0.1, "share of the learning rates that mask learning ends with, falling linearly", paper=1.0, gt=0, le=1
    )
    lora_rank: int = setting(16, "rank of the answer predictor's adapter", ge=1)
    objective: Literal["constrained", "relative", "fixed"] = setting(
        "constrained",
        "how alpha is set: dual ascent, in units of the information gap, or as given",
        paper="fixed",
    )
    alpha: float = setting(0.5, "cost of keeping a token, for relative and fixed (Eq. 7)", paper=0.5, ge=0)
    tolerance: float = setting(
        0.15, "share of the information gap that masking may lose (constrained)", unit="share", gt=0, lt=1
    )
    dual_start: float = setting(0.6, "alpha at the start of dual ascent", gt=0)
    dual_rate: float | None = setting(
        None, "rate of dual ascent a step; none: 25 / generator steps, from .01 to .2", gt=0
    )
    reduction: Literal["mean", "sum"] = setting(
        "mean", "of prefixes and tokens (Eq. 5, 6); sum: with the drawn mask, and only with a fixed alpha", paper="sum"
    )
    temperature: float = setting(0.5, "of the Gumbel-sigmoid relaxation (Eq. 3), in the end", gt=0)
    temperature_schedule: Literal["constant", "linear", "geometric"] = setting(
        "constant", "how the temperature gets there from its start"
    )
    temperature_start: float = setting(2.0, "temperature at the start of a linear or geometric schedule", gt=0)
    sampling: Literal["soft", "hard", "annealed"] = setting(
        "soft", "soft samples, straight-through, or from the one to the other", paper="hard"
    )
    mask: Literal["key_bias", "learned", "zero"] = setting(
        "key_bias", "what a masked token becomes: a key passed over, a learned embedding, or zero", paper="zero"
    )
    prefixes: str = setting(
        "steps", "that must predict the answer (Eq. 5): steps, all, or sample:k for k, anew each epoch", paper="all"
    )
    rest_weight: float = setting(
        0.5, "of the rest of the rationale, that its steps so far must predict beside the answer", paper=0.0, ge=0
    )
    predictor: str = setting(
        "own", "who predicts the answer: the student's own model, or another checkpoint", paper="flan-t5-large"
    )
    encoding: Literal["exact", "one_pass"] = setting(
        "exact", "by an encoder-decoder predictor: every prefix for itself, or all at once, read causally"
    )
    predictor_every: int = setting(
        0, "every so many batches trains the predictor alone, where it learns; 0: never", unit="batches", paper=0, ge=0
    )
    logit_bound: float = setting(3.0, "a token's class moves its logit by at most this; 0: no bound", paper=0.0, ge=0)

    context_range: float = setting(
        3.0, "place and neighbours move a token's logit by at most this besides; 0: they do not", paper=0.0, ge=0
    )

    @field_validator("prefixes")
    @classmethod
    def _prefixes_are_known(cls, value: str) -> str:
        if not re.fullmatch(r"steps|all|sample:[1-9]\d{0,3}", value):
            raise ValueError("give steps, all, or sample:k with k from 1 to 9999, such as sample:4")
        return value

    @field_validator("predictor_every")
    @classmethod
    def _the_generator_learns_too(cls, value: int) -> int:
        if value == 1:
            raise ValueError("every batch would train the predictor, none the weights: give 2 or more, or 0 for never")
        return value

    @model_validator(mode="after")
    def _sums_have_a_fixed_price(self) -> TokenWeightSettings:
        if self.reduction == "sum" and self.mode == "own" and self.objective != "fixed":
            raise ValueError(
                f"weights.reduction is sum and weights.objective {self.objective}, whose price is one for means: with "
                "sums it would mask everything. Set weights.objective=fixed or weights.reduction=mean."
            )
        return self

    @model_validator(mode="after")
    def _another_predictor_learns_at_all(self) -> TokenWeightSettings:
        if self.mode == "own" and self.predictor != "own" and self.predictor_rate == 0 and not self.warmup_epochs:
            raise ValueError(
                f"weights.predictor is {self.predictor}, and with weights.warmup_epochs=0 and weights.predictor_rate=0 "
                "the map from the student's embeddings to its own would stay as it was drawn. Give it an epoch of "
                "warm-up or a rate."
            )
        return self

    @property
    def effective(self) -> TokenWeightSettings:
        """The settings that count: in paper mode the paper's value of each that departs from Eq. 2 to 7."""
        if self.mode == "own":
            return self
        papers = {name: type(self).model_fields[name].json_schema_extra["paper"] for name in SET_BY_PAPER_MODE}
        return self.model_copy(update=papers)


SET_BY_PAPER_MODE = (
    "warmup_epochs", "objective", "reduction", "sampling", "mask", "prefixes", "predictor_every", "logit_bound",
    "context_range", "rest_weight", "generator_rate", "class_rate", "predictor_rate",
    "final_rate",
)  # fmt: skip
"""What `weights.mode=paper` sets to the paper's value. alpha, the temperature and the predictor stay to be chosen."""
