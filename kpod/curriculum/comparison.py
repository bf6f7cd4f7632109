"""Two schedules of the same steps side by side: how much each supervises when, and where they differ."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kpod.curriculum.steps import StepTable


@dataclass(frozen=True)
class SupervisedShares:
    """What is supervised at each stage, (stages,) each: shares of the difficulty, of the steps, of whole rationales."""

    difficulty: np.ndarray
    steps: np.ndarray
    whole: np.ndarray


def supervised_shares(input_steps: np.ndarray, table: StepTable) -> SupervisedShares:
    """`input_steps` (stages, questions) are the counts c_i(t) of a schedule of the questions of `table`."""
    total = float(table.difficulties.sum()) or 1.0
    difficulty = np.array([table.supervised_difficulty(row).sum() for row in input_steps]) / total
    steps = 1.0 - input_steps.sum(axis=1) / len(table.difficulties)
    return SupervisedShares(difficulty, steps, (input_steps == 0).mean(axis=1))


@dataclass(frozen=True)
class ScheduleGap:
    """How far a schedule lies from another, over questions and the stages before the last of the longer one.

    `same`: share of questions and stages with the same number of input steps; `earlier` and `later`: shares where the
    first gives fewer (supervises earlier) and more; `mean_steps`: mean size of the difference, in steps.
    """

    same: float
    earlier: float
    later: float
    mean_steps: float


def schedule_gap(first: np.ndarray, second: np.ndarray) -> ScheduleGap:
    """Compare counts (stages, questions) each; after its last stage a schedule gives what it gave there."""
    length = max(len(first), len(second))
    a, b = (np.concatenate([part, np.repeat(part[-1:], length - len(part), axis=0)]) for part in (first, second))
    difference = (a.astype(np.int64) - b)[: max(1, length - 1)]
    return ScheduleGap(
        float((difference == 0).mean()),
        float((difference < 0).mean()),
        float((difference > 0).mean()),
        float(np.abs(difference).mean()),
    )
