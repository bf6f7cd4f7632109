"""What every curriculum of the registry promises the trainer."""

from __future__ import annotations

import math

import numpy as np
import pytest

from kpod.curriculum import build_schedule
from kpod.curriculum.rivals import (
    CURRICULA,
    CurriculumState,
    all_plans,
    curriculum_inputs,
    make_curriculum,
    supervised_difficulty,
)
from kpod.errors import InputError

NUM_STAGES = 6


@pytest.fixture(scope="module")
def inputs():
    rng = np.random.default_rng(0)
    difficulties = [rng.gamma(2.0, 0.5, length) for length in rng.integers(1, 10, 120)]
    return curriculum_inputs(difficulties, rng.integers(0, 4, 120), num_stages=NUM_STAGES, seed=3)


def run(curriculum, losses_by_stage):
    state, plans = curriculum.start(), []
    for losses in losses_by_stage:
        state, plan = curriculum.next_stage(state, losses)
        plans.append(plan)
    return state, plans


def made_losses(num_stages=NUM_STAGES + 2):
    """Losses that fall at an uneven pace, as in training."""
    rng = np.random.default_rng(1)
    losses = rng.gamma(3.0, 0.5, 120)
    return [losses * rng.uniform(0.7, 1.0, 120) ** stage for stage in range(num_stages)]


@pytest.mark.parametrize("name", CURRICULA)
def test_plans_fit_the_trainer(name, inputs):
    curriculum = make_curriculum(name, inputs)
    assert curriculum.needs_losses == CURRICULA[name].needs_losses
    state, plans = run(curriculum, made_losses())
    assert state.stage == NUM_STAGES + 2
    for stage, plan in enumerate(plans, 1):
        assert plan.stage == stage
        assert plan.num_input_steps.shape == plan.participation.shape == (120,)
        assert (plan.num_input_steps >= 0).all()
        assert (plan.num_input_steps <= inputs.table.num_steps).all()
        assert plan.participation.max() == 1.0
        assert plan.participation.min() >= 0.0
    for plan in plans[NUM_STAGES - 1 :]:
        assert (plan.num_input_steps == 0).all(), "whole rationales at T and after it"
        assert (plan.participation == 1).all(), "everyone at T and after it"


@pytest.mark.parametrize("name", CURRICULA)
def test_a_resumed_curriculum_goes_on_as_it_was(name, inputs):
    losses = made_losses()
    _, whole = run(make_curriculum(name, inputs), losses)
    state, _ = run(make_curriculum(name, inputs), losses[:3])
    saved = CurriculumState(int(state.stage), np.frombuffer(state.memory.tobytes()))
    fresh = make_curriculum(name, inputs)
    for stage in range(3, len(losses)):
        saved, plan = fresh.next_stage(saved, losses[stage])
        assert (plan.num_input_steps == whole[stage].num_input_steps).all()
        assert (plan.participation == whole[stage].participation).all()


@pytest.mark.parametrize("name", CURRICULA)
def test_one_question_and_one_stage(name):
    single = curriculum_inputs([[1.0, 2.0]], [0], num_stages=1)
    _, plans = run(make_curriculum(name, single), [np.array([1.0])])
    assert plans[0].num_input_steps.tolist() == [0]
    assert plans[0].participation.tolist() == [1.0]


def test_losses_are_checked(inputs):
    curriculum = make_curriculum("adaptive", inputs)
    for losses, words in [(None, "pass the current loss"), (np.ones(3), "120"), (np.full(120, math.nan), "finite")]:
        with pytest.raises(InputError, match=words):
            curriculum.next_stage(curriculum.start(), losses)


def test_unknown_curriculum(inputs):
    with pytest.raises(InputError, match="choose one of kpod, none, easy_to_hard, random"):
        make_curriculum("spl", inputs)


def test_inputs_are_checked_as_in_build_schedule():
    with pytest.raises(InputError, match="num_stages is 0"):
        curriculum_inputs([[1.0]], [0], num_stages=0)
    with pytest.raises(InputError, match="one label each"):
        curriculum_inputs([[1.0]], [0, 1], num_stages=1)


def test_all_plans_only_of_those_that_need_no_losses(inputs):
    assert [plan.stage for plan in all_plans(make_curriculum("in_sample", inputs))] == list(range(1, NUM_STAGES + 1))
    with pytest.raises(InputError, match="only while it trains"):
        all_plans(make_curriculum("self_paced", inputs))


def test_kpod_is_its_schedule(inputs):
    schedule = build_schedule(inputs.table, inputs.clusters, num_stages=NUM_STAGES)
    for plan in all_plans(make_curriculum("kpod", inputs)):
        assert (plan.num_input_steps == schedule.input_steps[plan.stage]).all()
        assert supervised_difficulty(inputs.table, plan) == pytest.approx(schedule.supervised[plan.stage])


def test_the_registry_needs_no_torch():
    import subprocess
    import sys

    code = "import sys, kpod.curriculum.rivals; print({'torch', 'pandas'} & set(sys.modules))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "set()"
