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
    stages, column, rows, inputs = _by_stage(schedule, questions)
    known = rows >= 0
    lengths = np.zeros(len(questions), dtype=np.int32)
    scheduled = np.zeros(len(questions), dtype=bool)
    scheduled[rows[known]] = True
    has_steps = scheduled & np.isfinite(num_steps)
    lengths[has_steps] = num_steps[has_steps].astype(np.int32)
    given = np.zeros((len(stages), len(questions)), dtype=np.int32)
    if column is None:
        given[:, rows[known]] = inputs[:, known]
    else:
        given[column[known], rows[known]] = inputs[known]
    counts = np.clip(lengths - given, 0, MOST_STEPS)
    return SupervisedSteps(stages.tolist(), np.minimum(lengths, MOST_STEPS).astype(np.uint8), counts.astype(np.uint8))


def _by_stage(
    schedule: pd.DataFrame, questions: pd.Series
) -> tuple[np.ndarray, np.ndarray | None, np.ndarray, np.ndarray]:
    """The stages, and of each row of the schedule its stage's number, its question's place and its input steps.

    Where every stage lists the same questions in the same order, as the pipeline writes it, the places are those of one
    stage, the input steps (stages, places), and there are no numbers of stages: a tenth of the work for ten stages.
    """
    stage, inputs = schedule["stage"].to_numpy(), schedule["input_steps"].to_numpy()
    starts = np.flatnonzero(np.concatenate([[True], stage[1:] != stage[:-1]])[: len(stage)])
    stages = stage[starts]
    size, rest = divmod(len(stage), max(1, len(stages)))
    column = pa.array(schedule["question"], from_pandas=True)
    is_regular = rest == 0 and np.array_equal(starts, size * np.arange(len(stages))) and (np.diff(stages) > 0).all()
    if is_regular and all(column.slice(start, size).equals(column.slice(0, size)) for start in starts[1:].tolist()):
        return stages, None, positions(schedule["question"].iloc[:size], questions), inputs.reshape(-1, size)
    stages = np.unique(stage)
    return stages, np.searchsorted(stages, stage), positions(schedule["question"], questions), inputs


def first_whole(supervised: SupervisedSteps) -> np.ndarray:
    """(questions,) the first stage at which all of a question's steps are supervised; NaN where that never comes."""
    whole = (supervised.counts == supervised.lengths) & (supervised.lengths > 0)
    first = np.array(supervised.stages, dtype=float)[whole.argmax(axis=0)]
    return np.where(whole.any(axis=0), first, np.nan)


def positions(ids: pd.Series, within: pd.Series) -> np.ndarray:
    """Where each of `ids` stands in `within`, -1 where it does not. Fast for a million of them."""
    found = pc.index_in(pa.array(ids, from_pandas=True), value_set=pa.array(within, from_pandas=True))
    return found.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
