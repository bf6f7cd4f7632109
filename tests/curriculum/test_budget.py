"""D(t) by hand (Eq. 9-11)."""

from __future__ import annotations

import itertools
import math

import pytest

from kpod.curriculum import difficulty_budget
from kpod.curriculum.budget import budgets_by_stage
from kpod.errors import InputError


def test_hand_worked_budget():
    # B = 100, C0 = 30, T = 4, p = 0.5: D(1) = 30 + 70 / 8, D(4) = B.
    assert difficulty_budget(0, 100, 30, 4) == 30
    assert difficulty_budget(1, 100, 30, 4) == pytest.approx(38.75)
    assert difficulty_budget(4, 100, 30, 4) == 100
    assert difficulty_budget(2, 100, 30, 4, power=1) == pytest.approx(30 + 70 / 4)


def test_budget_is_the_integral_of_eq_9():
    total, initial, num_stages, power = 250.0, 40.0, 7, 0.5
    u = (total - initial) * (power + 1) / num_stages ** (power + 1)  # Eq. 11
    for stage in range(num_stages + 1):
        midpoints = ((i + 0.5) * stage / 20_000 for i in range(20_000))
        integral = sum(u * t**power for t in midpoints) * stage / 20_000  # Eq. 9
        eq_10 = u * stage ** (power + 1) / (power + 1) + initial
        assert difficulty_budget(stage, total, initial, num_stages, power) == pytest.approx(eq_10)
        assert initial + integral == pytest.approx(eq_10, rel=1e-5)


def test_budget_rises_and_its_steps_grow():
    budgets = budgets_by_stage(90.0, 20.0, 6, 0.5)
    steps = [after - before for before, after in itertools.pairwise(budgets)]
    assert all(step > 0 for step in steps)
    assert steps == sorted(steps)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((-1, 10, 3, 5), "stage -1"),
        ((6, 10, 3, 5), "0 to num_stages = 5"),
        ((math.nan, 10, 3, 5), "stage nan"),
        ((1, 10, 11, 5), "initial budget is 11"),
        ((1, 10, -1, 5), "initial budget is -1"),
        ((1, math.nan, 1, 5), "total difficulty is nan"),
        ((1, -5, 0, 5), "total difficulty is -5"),
        ((0, 10, 3, 0), "num_stages is 0"),
        ((0, 10, 3, 2.5), "num_stages is 2.5"),
        ((0, 10, 3, 5, -1), "power is -1"),
        ((0, 10, 3, 5, math.inf), "power is inf"),
    ],
)
def test_bad_budget(arguments, words):
    with pytest.raises(InputError, match=words):
        difficulty_budget(*arguments)
