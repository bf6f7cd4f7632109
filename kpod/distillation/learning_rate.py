"""The learning rate of a step: a linear rise, then constant, linear or cosine. No torch."""

from __future__ import annotations

import math


def learning_rate_factor(position: float, total_steps: int, schedule: str, warmup_fraction: float) -> float:
    """Share of the peak learning rate at a position in 0..total_steps: a rise, then constant, linear or cosine to 0."""
    warmup_steps = math.ceil(warmup_fraction * total_steps)
    if position < warmup_steps:
        return min(1.0, (position + 1) / warmup_steps)
    if schedule == "constant":
        return 1.0
    share = (position - warmup_steps) / max(1, total_steps - warmup_steps)
    return 1.0 - share if schedule == "linear" else 0.5 * (1 + math.cos(math.pi * share))
