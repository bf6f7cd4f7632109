"""How long rationales are against the room that the student has: measured before anything is left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass
class Lengths:
    """Tokens of the template texts and steps of the rationales that were read, and what became of those too long.

    window: the most tokens that a text may have. skipped, split: ids of the questions that are longer, left out or
    split into `parts` parts in all.
    """

    window: int
    tokens: list[int] = field(default_factory=list)
    steps: list[int] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    split: list[str] = field(default_factory=list)
    parts: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for `run.json`."""
        return {
            "window": self.window,
            "questions": len(self.tokens),
            "tokens": distribution(self.tokens),
            "steps": distribution(self.steps),
            "too_long": len(self.skipped) + len(self.split),
            "skipped": len(self.skipped),
            "split": len(self.split),
            "parts": self.parts,
        }

    def text(self) -> str:
        """One line for a log."""
        shown = {name: distribution(values) for name, values in (("tokens", self.tokens), ("steps", self.steps))}
        middle = "; ".join(
            f"{name}: median {each['median']:g}, 95% {each['p95']:g}, max {each['max']}" for name, each in shown.items()
        )
        over = f"{len(self.skipped)} skipped, {len(self.split)} split into {self.parts} parts"
        return f"{len(self.tokens)} texts read ({middle}) against {self.window} tokens: {over}."


def distribution(values: Sequence[int]) -> dict[str, float | int]:
    """Median, 95th percentile and maximum; zeros where there is nothing."""
    if not values:
        return {"median": 0.0, "p95": 0.0, "max": 0}
    median, p95 = np.quantile(values, [0.5, 0.95])
    return {"median": float(median), "p95": float(p95), "max": int(max(values))}
