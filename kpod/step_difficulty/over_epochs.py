"""How the difficulty of steps changes over the epochs of distillation, by where a step stands in its rationale."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("epoch", "position", "steps", "first", "median", "third")


def quartiles_by_position(history: pd.DataFrame, *, from_end: bool = False, last_position: int = 6) -> pd.DataFrame:
    """One row an epoch and position: how many steps stand there, and the quartiles of their difficulty in nats.

    `history` has epoch, question_index, step and difficulty, as `difficulty_history.parquet`. Positions count from 1 at
    the first step or, `from_end`, at the last; all from `last_position` on are put together.
    """
    import pandas as pd

    epoch, question, step = (history[name].to_numpy() for name in ("epoch", "question_index", "step"))
    position = step + 1
    if from_end and len(history):
        lengths = np.zeros(int(question.max()) + 1, dtype=np.int64)
        np.maximum.at(lengths, question, step + 1)
        position = lengths[question] - step
    position = np.minimum(position, last_position)
    difficulty = history["difficulty"].to_numpy(dtype=float)
    place = epoch * last_position + position - 1
    if len(place) and place.min() >= 0 and place.max() < 2**15:
        place = place.astype(np.int16)  # numpy sorts these in linear time
    order = np.argsort(place, kind="stable")
    epoch, position, difficulty = epoch[order], position[order], difficulty[order]
    starts = np.flatnonzero(np.concatenate([[len(order) > 0], np.diff(place[order]) != 0]))
    stops = np.append(starts[1:], len(order))[: len(starts)]
    for start, stop in zip(starts, stops, strict=True):
        difficulty[start:stop].sort()
    quartiles = [_sorted_quantile(difficulty, starts, stops, share) for share in (0.25, 0.5, 0.75)]
    columns = (epoch[starts], position[starts], stops - starts, *quartiles)
    return pd.DataFrame(dict(zip(COLUMNS, columns, strict=True)))


def _sorted_quantile(values: np.ndarray, starts: np.ndarray, stops: np.ndarray, share: float) -> np.ndarray:
    """The quantile of each sorted segment of values, linear between neighbours."""
    place = starts + share * (stops - starts - 1)
    below = np.floor(place).astype(np.int64)
    above = np.minimum(below + 1, stops - 1)
    return values[below] + (place - below) * (values[above] - values[below])
