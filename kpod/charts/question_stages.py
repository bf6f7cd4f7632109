"""How many steps of every question are supervised at every stage, as small integers for the map that plays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

MOST_STEPS = 255


@dataclass(frozen=True)
class SupervisedSteps:
    """`lengths` (questions,) uint8: steps of each question, 0 where it is not in the schedule.

    `counts` (stages, questions) uint8: how many of them are supervised at each of `stages`. What has more than 255
    steps counts as 255.
    """

    stages: list[int]
    lengths: np.ndarray
    counts: np.ndarray


def supervised_steps(questions: pd.Series, num_steps: np.ndarray, schedule: pd.DataFrame) -> SupervisedSteps:
    """From the schedule's table; `num_steps` (questions,) holds the length of each rationale, NaN where it has none."""
    stages = np.unique(schedule["stage"].to_numpy())
    rows = _scheduled_rows(schedule["question"], len(stages), questions)
    known = rows >= 0
    lengths = np.zeros(len(questions), dtype=np.int64)
    scheduled = np.zeros(len(questions), dtype=bool)
    scheduled[rows[known]] = True
    has_steps = scheduled & np.isfinite(num_steps)
    lengths[has_steps] = num_steps[has_steps].astype(np.int64)
    inputs = np.zeros((len(stages), len(questions)), dtype=np.int64)
    column = np.searchsorted(stages, schedule["stage"].to_numpy())
    inputs[column[known], rows[known]] = schedule["input_steps"].to_numpy()[known]
    counts = np.clip(lengths - inputs, 0, MOST_STEPS)
    return SupervisedSteps(stages.tolist(), np.minimum(lengths, MOST_STEPS).astype(np.uint8), counts.astype(np.uint8))


def _scheduled_rows(ids: pd.Series, num_stages: int, questions: pd.Series) -> np.ndarray:
    """`positions` of a schedule's questions; looked up once where every stage lists the same ones in the same order."""
    column = pa.array(ids, from_pandas=True)
    size, rest = divmod(len(column), max(1, num_stages))
    if rest == 0 and all(column.slice(k * size, size).equals(column.slice(0, size)) for k in range(1, num_stages)):
        return np.tile(positions(ids.iloc[:size], questions), num_stages)
    return positions(ids, questions)


def first_whole(supervised: SupervisedSteps) -> np.ndarray:
    """(questions,) the first stage at which all of a question's steps are supervised; NaN where that never comes."""
    whole = (supervised.counts == supervised.lengths) & (supervised.lengths > 0)
    first = np.array(supervised.stages, dtype=float)[whole.argmax(axis=0)]
    return np.where(whole.any(axis=0), first, np.nan)


def positions(ids: pd.Series, within: pd.Series) -> np.ndarray:
    """Where each of `ids` stands in `within`, -1 where it does not. Fast for a million of them."""
    found = pc.index_in(pa.array(ids, from_pandas=True), value_set=pa.array(within, from_pandas=True))
    return found.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
