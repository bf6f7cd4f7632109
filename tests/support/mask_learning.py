"""What tests of mask learning share: options for tiny students, and a reporter that keeps what it is told."""

from __future__ import annotations

from typing import Any

from kpod.config_weights import SET_BY_PAPER_MODE, TokenWeightSettings
from kpod.progress import Reporter
from kpod.token_weighting.options import MaskLearningOptions

OPTIONS = MaskLearningOptions(
    epochs=2, warmup_epochs=1, batch_size=2, learning_rate=3e-3, lora_rank=2, objective="constrained", alpha=0.5,
    tolerance=0.15, dual_start=0.3, dual_rate=None, temperature=0.5, sampling="soft", mask="key_bias", prefixes="steps",
    predictor_every=3, logit_bound=4.0, seed=3, checkpoint_seconds=1e9,
)  # fmt: skip
_PAPER = TokenWeightSettings(mode="paper").effective
AS_THE_PAPER = {name: getattr(_PAPER, name) for name in SET_BY_PAPER_MODE}  # all of it


def options(**changes: Any) -> MaskLearningOptions:
    """The options above with changes."""
    return MaskLearningOptions(**{**OPTIONS.__dict__, **changes})


OF_THE_CLOCK = ("seconds", "seconds_left", "memory_bytes")  # unlike from run to run


class Recorder(Reporter):
    """Keeps the metrics, those of the clock by themselves; asks for a stop once `stop_after` steps are done."""

    def __init__(self, stop_after: int | None = None):
        self.rows, self.clock, self.done, self.stop_after, self.said = [], [], 0, stop_after, []

    def start(self, stage: str, total: float, done: float = 0, unit: str = "") -> None:
        self.done, self.total = done, total

    def advance(self, amount: float = 1) -> None:
        self.done += amount

    def metrics(self, row: dict[str, Any]) -> None:
        self.rows.append({name: value for name, value in row.items() if name not in OF_THE_CLOCK})
        self.clock.append({name: row[name] for name in OF_THE_CLOCK})

    def log(self, message: str) -> None:
        self.said.append(message)

    def cancelled(self) -> bool:
        return self.done == self.stop_after
