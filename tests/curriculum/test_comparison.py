"""Two schedules side by side, worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from kpod.curriculum import StepTable
from kpod.curriculum.comparison import schedule_gap, supervised_shares

TABLE = StepTable.of([[1.0, 2.0, 3.0], [4.0]])  # B = 10, 4 steps


def test_shares_of_what_is_supervised():
    shares = supervised_shares(np.array([[3, 1], [2, 0], [0, 0]]), TABLE)
    assert shares.difficulty == pytest.approx([0.0, 0.7, 1.0])
    assert shares.steps == pytest.approx([0.0, 0.5, 1.0])
    assert shares.whole == pytest.approx([0.0, 0.5, 1.0])


def test_a_schedule_is_no_way_from_itself():
    gap = schedule_gap(np.array([[3, 1], [0, 0]]), np.array([[3, 1], [0, 0]]))
    assert (gap.same, gap.earlier, gap.later, gap.mean_steps) == (1.0, 0.0, 0.0, 0.0)


def test_schedules_of_different_lengths_are_compared_until_the_longer_ends():
    short, long = np.array([[2, 1], [0, 0]]), np.array([[3, 1], [2, 0], [0, 0]])
    gap = schedule_gap(short, long)  # stages 0 and 1: differences -1, 0 and -2, 0; the short one is done at 1
    assert (gap.same, gap.earlier, gap.later, gap.mean_steps) == (0.5, 0.5, 0.0, 0.75)
    assert schedule_gap(long, short).later == 0.5
