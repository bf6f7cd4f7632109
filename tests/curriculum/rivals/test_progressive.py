"""In-sample curriculum learning (ICL), and filling a budget in a given order, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from kpod.curriculum.rivals import all_plans, curriculum_inputs, make_curriculum
from kpod.curriculum.rivals.progressive import take_in_order
from kpod.errors import InputError


def test_take_in_order_skips_what_does_not_fit():
    gains = np.array([2.0, 5.0, 1.0, 4.0, 0.0, 3.0])
    assert take_in_order(gains, np.array([0, 1, 2, 3, 4, 5]), 6.5).tolist() == [0, 2, 4, 5]
    assert take_in_order(gains, np.array([1, 3, 0, 2, 5, 4]), 6.5).tolist() == [1, 2, 4]
    assert take_in_order(gains, np.array([1, 3]), 0.5).tolist() == []


def test_in_sample_by_hand():
    """Ratios .7, .35, 0 of 10 and 3 steps, floored."""
    inputs = curriculum_inputs([[1.0] * 10, [1.0] * 3, [1.0]], [0, 0, 0], num_stages=3)
    steps = [plan.num_input_steps.tolist() for plan in all_plans(make_curriculum("in_sample", inputs))]
    assert steps == [[7, 2, 0], [3, 1, 0], [0, 0, 0]]
    whole = all_plans(make_curriculum("in_sample", inputs, start_ratio=1.0))
    assert whole[0].num_input_steps.tolist() == [10, 3, 1]


def test_in_sample_ratio_does_not_lose_a_step_to_rounding():
    inputs = curriculum_inputs([[1.0] * 10], [0], num_stages=2)
    steps = all_plans(make_curriculum("in_sample", inputs, start_ratio=1 - 0.7))
    assert steps[0].num_input_steps.tolist() == [3]


def test_bad_start_ratio():
    inputs = curriculum_inputs([[1.0]], [0], num_stages=2)
    with pytest.raises(InputError, match="start_ratio is 1"):
        make_curriculum("in_sample", inputs, start_ratio=1.2)
