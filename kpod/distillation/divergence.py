"""Whether a loss is running away, told from the noise and the steps of a curriculum. No torch."""

from __future__ import annotations

import math
from statistics import median
from typing import Any

WINDOW = 25  # steps whose median is looked at: single bad batches do not count
FACTOR = 3.0
LEAST_RISE = 1.0  # nats, so that a loss near zero may move about


class LossWatch:
    """Takes the mean NLL of every step, in nats, and says when it diverged.

    Diverged: the median of the last 25 steps is over three times the lowest such median since the supervised set last
    changed, and a nat above it; or it has come a nat above ln(V), which is what guessing has, from below.
    A curriculum that adds hard steps raises the loss at once and rightly, so `changed` forgets the first kind.
    """

    def __init__(self, vocabulary_size: int):
        self.ceiling = math.log(vocabulary_size)
        self.recent: list[float] = []
        self.lowest: float | None = None
        self.was_below_ceiling = False

    def changed(self) -> None:
        """What is supervised is another set from here on."""
        self.recent, self.lowest = [], None

    def diverged(self, mean_nll: float) -> bool:
        """Whether the loss has diverged with this step's mean NLL."""
        self.recent = [*self.recent, mean_nll][-WINDOW:]
        if len(self.recent) < WINDOW:
            return False
        level = median(self.recent)
        before, self.lowest = self.lowest, level if self.lowest is None else min(self.lowest, level)
        if level <= self.ceiling:
            self.was_below_ceiling = True
        elif self.was_below_ceiling and level > self.ceiling + LEAST_RISE:
            return True
        return before is not None and level > FACTOR * before and level > before + LEAST_RISE

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        return {"recent": self.recent, "lowest": self.lowest, "was_below_ceiling": self.was_below_ceiling}

    def restore(self, state: dict[str, Any]) -> None:
        self.recent, self.lowest = list(state["recent"]), state["lowest"]
        self.was_below_ceiling = state["was_below_ceiling"]
