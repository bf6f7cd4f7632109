"""The orders at KPOD's budget, by hand and against the budget."""

from __future__ import annotations

import numpy as np
import pytest

from kpod.curriculum.rivals import all_plans, curriculum_inputs, make_curriculum, supervised_difficulty
from kpod.errors import InputError
from tests.references.plain_schedule import check_schedule

# Totals 1, 2, 3, 4: B = 10. With C0 = 3, T = 2 and p = 1 the budgets are D(1) = 4.75 and D(2) = 10.
DIFFICULTIES = [[3.0, 1.0], [1.0], [1.0, 1.0, 1.0], [2.0]]


def plans_of(name, **options):
    inputs = curriculum_inputs(DIFFICULTIES, [0] * 4, num_stages=2, power=1.0)
    return all_plans(make_curriculum(name, inputs, **options))


def test_none_supervises_everything_at_once():
    for plan in plans_of("none"):
        assert plan.num_input_steps.tolist() == [0, 0, 0, 0]
        assert plan.participation.tolist() == [1, 1, 1, 1]


def test_easy_to_hard_by_hand():
    first, last = plans_of("easy_to_hard")
    # 1 + 2 fits in 4.75, another 3 does not.
    assert first.participation.tolist() == [0, 1, 0, 1]
    assert first.num_input_steps.tolist() == [0, 0, 0, 0]
    assert last.participation.tolist() == [1, 1, 1, 1]


def test_hard_to_easy_by_hand():
    assert plans_of("hard_to_easy")[0].participation.tolist() == [1, 0, 0, 0]


def test_at_least_one_question_takes_part():
    """Where not even the hardest fits into the budget of the first stage."""
    inputs = curriculum_inputs([[9.0], [1.0]], [0, 0], num_stages=3, initial_fraction=0.0)
    assert all_plans(make_curriculum("hard_to_easy", inputs))[0].participation.tolist() == [1, 0]


@pytest.mark.parametrize("name", ["easy_to_hard", "hard_to_easy", "random"])
@pytest.mark.parametrize("level", ["question", "step"])
def test_orders_supervise_within_kpods_budget(name, level):
    rng = np.random.default_rng(2)
    difficulties = [rng.gamma(2.0, 0.5, length) for length in rng.integers(1, 6, 300)]
    inputs = curriculum_inputs(difficulties, rng.integers(0, 4, 300), num_stages=8, seed=5)
    curriculum = make_curriculum(name, inputs, level=level)
    kpod = make_curriculum("kpod", inputs)
    for plan, ours in zip(all_plans(curriculum), all_plans(kpod), strict=True):
        supervised = supervised_difficulty(inputs.table, plan)
        assert supervised == pytest.approx(supervised_difficulty(inputs.table, ours), rel=0.03)
        assert supervised <= kpod.schedule.budgets[plan.stage] * 1.01
    if level == "step":
        check_schedule(curriculum.schedule, difficulties, delta_s=1)


def test_orders_at_the_level_of_steps():
    """Cheap next steps first, or dear ones, of those that are not forced."""
    rng = np.random.default_rng(3)
    inputs = curriculum_inputs(
        [rng.gamma(2.0, 0.5, 4) for _ in range(200)], [0] * 200, num_stages=10, initial_fraction=0.05, seed=1
    )
    means = []
    for name in ("easy_to_hard", "random", "hard_to_easy"):
        schedule = make_curriculum(name, inputs, level="step").schedule
        means.append(schedule.gain_terms[1:3].sum() / schedule.picked[1:3].sum())
    assert means[0] < means[1] < means[2]


def test_random_order_follows_the_seed():
    def steps(seed):
        inputs = curriculum_inputs([[1.0, 1.0, 1.0]] * 40, [0] * 40, num_stages=3, seed=seed)
        return np.stack([plan.num_input_steps for plan in all_plans(make_curriculum("random", inputs))])

    assert (steps(1) == steps(1)).all()
    assert (steps(1) != steps(2)).any()


def test_bad_level():
    with pytest.raises(InputError, match="question, step"):
        plans_of("easy_to_hard", level="token")
