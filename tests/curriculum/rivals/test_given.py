"""A table of input steps as a curriculum, and a curriculum of input steps as a table."""

from __future__ import annotations

import numpy as np
import pytest

from kpod.curriculum.rivals import all_plans, curriculum_inputs, make_curriculum, schedule_of_plans
from kpod.curriculum.rivals.given import GivenCurriculum

TABLE = np.array([[4, 3], [3, 2], [1, 2]], dtype=np.int32)


def test_stages_follow_the_rows_and_then_rationales_are_whole():
    """What is left at T is supervised at T + 1, where the schedule was built without the deadline."""
    curriculum = GivenCurriculum(TABLE)
    state, steps = curriculum.start(), []
    for stage in range(1, 5):
        state, plan = curriculum.next_stage(state)
        assert plan.stage == state.stage == stage and plan.participation.tolist() == [1.0, 1.0]
        steps.append(plan.num_input_steps.tolist())
    assert steps == [[3, 2], [1, 2], [0, 0], [0, 0]]
    assert curriculum.num_stages == 2 and not curriculum.needs_losses


def test_in_sample_stages_as_a_schedule():
    difficulties = [np.array([1.0, 2.0, 3.0, 4.0]), np.array([5.0, 1.0])]
    inputs = curriculum_inputs(difficulties, np.array([0, 1]), num_stages=3, initial_fraction=0.5, power=0.0)
    schedule = schedule_of_plans(inputs, all_plans(make_curriculum("in_sample", inputs)))
    # Half of the steps is given at stage 1, a quarter at stage 2, none at stage 3; at stage 0 all.
    assert schedule.input_steps.tolist() == [[4, 2], [2, 1], [1, 0], [0, 0]]
    assert schedule.supervised.tolist() == [0.0, 8.0, 15.0, 16.0]
    assert schedule.gain_terms.tolist() == [0.0, 8.0, 7.0, 1.0]
    assert schedule.picked.tolist() == [[False, False], [True, True], [True, True], [True, False]]
    assert schedule.picks_by_cluster.tolist() == [[0, 0], [1, 1], [1, 1], [1, 0]]
    assert schedule.budgets == pytest.approx([8.0, 8 + 8 / 3, 8 + 16 / 3, 16.0])
    assert len(schedule.stages_table()) == 4 and len(schedule.table(["a", "b"])) == 8
