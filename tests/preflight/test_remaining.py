"""The time left of all stages: the estimate where nothing was measured, and what was measured where it was."""

from __future__ import annotations

import pytest

from kpod.preflight.estimate import StageTime
from kpod.preflight.remaining import DONE_SPREAD, FACTOR, seconds_left

TIMES = (
    StageTime("prepare", 2.0, 1.0, 4.0),
    StageTime("map", 10.0, 6.0, 17.0),
    StageTime("weights", 100.0, 40.0, 300.0),
    StageTime("losses", 20.0, 8.0, 60.0),
    StageTime("distill", 200.0, 80.0, 600.0),
)


def test_before_anything_ran_it_is_the_estimate():
    left = seconds_left(TIMES, {})
    assert (left.seconds, left.low, left.high, left.measured) == (332.0, 135.0, 981.0, False)


def test_stages_that_do_not_use_the_student_say_nothing_of_those_that_do():
    left = seconds_left(TIMES, {"prepare": 40.0, "map": 200.0})
    assert (left.seconds, left.measured) == (320.0, False)


def test_a_finished_stage_corrects_the_ones_to_come():
    left = seconds_left(TIMES, {"prepare": 2.0, "map": 10.0, "weights": 150.0})
    assert left.seconds == pytest.approx(1.5 * 220) and left.measured
    assert left.low == pytest.approx(left.seconds / DONE_SPREAD) and left.high == pytest.approx(
        left.seconds * DONE_SPREAD
    )


def test_the_stage_at_work_counts_by_its_own_rate():
    """Weights will have taken 50 s, half of what was estimated, and 30 of them are left."""
    left = seconds_left(TIMES, {"prepare": 2.0, "map": 10.0}, "weights", 30.0, 50.0)
    assert left.seconds == pytest.approx(30 + 0.5 * 220)


def test_a_stage_at_work_that_has_no_rate_yet_counts_whole():
    assert seconds_left(TIMES, {"prepare": 2.0, "map": 10.0}, "weights").seconds == 320.0


def test_a_stage_that_the_estimate_does_not_know_changes_nothing():
    assert seconds_left(TIMES, {"further rationales": 9.0}, "another", 1.0, 2.0).seconds == 332.0


@pytest.mark.parametrize(("took", "factor"), [(1e9, FACTOR[1]), (1e-9, FACTOR[0])])
def test_one_odd_stage_does_not_run_away_with_it(took, factor):
    assert seconds_left(TIMES[3:], {"losses": took}).seconds == pytest.approx(factor * 200)


def test_nothing_is_left_of_a_run_that_is_done():
    assert seconds_left(TIMES, {each.stage: 1.0 for each in TIMES}).seconds == 0.0
