"""Whether a training is running away, told from the noise and the steps of a curriculum, and what to say of it."""

from __future__ import annotations

import math
from pathlib import Path
from statistics import median
from typing import Any

from kpod.checkpoints import last_good_checkpoint
from kpod.errors import InputError

WINDOW = 25  # steps whose median is looked at: single bad batches do not count
FACTOR = 3.0
LEAST_RISE = 1.0  # nats, so that a loss near zero may move about


class LossWatch:
    """Takes the mean NLL of every step, in nats, and says when it diverged.

    Diverged: the median of the last 25 steps is over three times the lowest such median since the supervised set last
    changed, and a nat above it; or it has come a nat above ln(V), which is what guessing has, from below.
    A curriculum that adds hard steps raises the loss at once and rightly, so `changed` forgets the first kind.

    rises: whether the first kind counts at all; it does not where what is measured moves all the time, as the loss
    under masks does with their price.
    """

    def __init__(self, vocabulary_size: int, *, rises: bool = True):
        self.ceiling = math.log(vocabulary_size)
        self.rises = rises
        self.recent: list[float] = []
        self.steps: list[int] = []  # of the recent ones; there may be others between, which are not looked at
        self.lowest: float | None = None
        self.was_below_ceiling = False

    def changed(self) -> None:
        """What is supervised is another set from here on."""
        self.recent, self.steps, self.lowest = [], [], None

    def diverged(self, mean_nll: float, step: int) -> bool:
        """Whether the loss has diverged with the mean NLL of this step."""
        self.recent, self.steps = [*self.recent, mean_nll][-WINDOW:], [*self.steps, step][-WINDOW:]
        if len(self.recent) < WINDOW:
            return False
        level = median(self.recent)
        before, self.lowest = self.lowest, level if self.lowest is None else min(self.lowest, level)
        if level <= self.ceiling:
            self.was_below_ceiling = True
        elif self.was_below_ceiling and level > self.ceiling + LEAST_RISE:
            return True
        return self.rises and before is not None and level > FACTOR * before and level > before + LEAST_RISE

    @property
    def last_good_step(self) -> int:
        """The step before the first that is looked at now."""
        return self.steps[0] - 1

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        return {
            "recent": self.recent,
            "steps": self.steps,
            "lowest": self.lowest,
            "was_below_ceiling": self.was_below_ceiling,
        }

    def restore(self, state: dict[str, Any]) -> None:
        self.recent, self.lowest = list(state["recent"]), state["lowest"]
        self.steps = list(state.get("steps", [1] * len(self.recent)))  # an earlier version kept none: none is good
        self.was_below_ceiling = state["was_below_ceiling"]


class NotFinite(Exception):
    """A step's loss or gradient is no finite number; says which."""


def check_finite(what: str, value: float) -> None:
    """Raises NotFinite with what it is that is not finite, before it reaches the weights."""
    if not math.isfinite(value):
        raise NotFinite(f"{what} is {value}")


def divergence_error(
    what: str, *, step: int, total: int, checkpoints: Path | None, last_good_step: int, setting: str, value: float
) -> InputError:
    """What to raise where a training diverged at `step`: what was seen, what to go back to, which setting to lower."""
    return InputError(
        f"{what} at step {step} of {total}: the training diverged. "
        f"{last_good_checkpoint(checkpoints, last_good_step)} "
        f"Lower {setting} (it is {value:g}) and run again."
    )
