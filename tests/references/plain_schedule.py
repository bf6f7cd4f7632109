"""Eq. 9-13 with plain loops over questions and steps, and a check of any finished schedule against them."""

from __future__ import annotations

import numpy as np


def plain_supervised(step_difficulties, input_steps) -> float:
    """H = sum_i sum_{k > c_i} d_ik."""
    return sum(sum(difficulties[count:]) for difficulties, count in zip(step_difficulties, input_steps, strict=True))


def check_schedule(schedule, step_difficulties, delta_s, deadline=True) -> None:
    """Every promise of a schedule; AssertionError names the one that is broken."""
    lengths = np.array([len(one) for one in step_difficulties])
    total = sum(sum(one) for one in step_difficulties)
    tolerance = 2e-9 * total + 1e-90  # below that, difficulties are taken for zeros
    steps = schedule.input_steps
    assert steps.shape == (schedule.num_stages + 1, len(lengths))
    assert (steps >= 0).all() and (steps <= lengths).all()
    assert (np.diff(steps, axis=0) <= 0).all(), "input steps rose"
    assert (-np.diff(steps, axis=0) <= delta_s).all(), "more than delta_s at a stage"
    for stage, row in enumerate(steps):
        supervised = plain_supervised(step_difficulties, row)
        assert abs(schedule.supervised[stage] - supervised) <= tolerance
        over = supervised - schedule.budgets[stage]
        assert over <= tolerance or (schedule.forced[stage].any() and schedule.warnings), "unexplained overrun"
        before = steps[stage - 1] if stage else lengths
        dropped = row < before
        assert (dropped == (schedule.picked[stage] | schedule.forced[stage])).all(), "a drop without a reason"
        gained = supervised - (plain_supervised(step_difficulties, steps[stage - 1]) if stage else 0.0)
        assert abs(schedule.gain_terms[stage] + schedule.forced_gains[stage] - gained) <= tolerance
        assert schedule.values[stage] <= schedule.bounds[stage] * (1 + 1e-9) + tolerance
        if stage:
            assert schedule.picks_by_cluster[stage].sum() == schedule.picked[stage].sum()
    if deadline:
        assert (steps[-1] == 0).all(), "not finished at T"
    else:
        assert not schedule.forced.any()
