"""When a loss is called diverged: a runaway is, noise and the steps of a curriculum are not."""

from __future__ import annotations

import math

import numpy as np
import pytest

from kpod.distillation.divergence import WINDOW, LossWatch

VOCABULARY = 49_152


def first_alarm(losses, changes=()):
    """The step at which the watch calls the losses diverged; None where it never does."""
    watch = LossWatch(VOCABULARY)
    for step, loss in enumerate(losses):
        if step in changes:
            watch.changed()
        if watch.diverged(float(loss)):
            return step
    return None


def noise(count, spread=0.5, seed=0):
    return np.random.default_rng(seed).lognormal(0, spread, count)


@pytest.mark.parametrize("seed", range(5))
def test_the_noise_of_training_is_no_divergence(seed):
    falling = 0.05 + 2.0 * np.exp(-np.arange(4000) / 800)
    assert first_alarm(falling * noise(4000, seed=seed)) is None


def test_single_bad_batches_are_none():
    losses = noise(1000, 0.2)
    losses[::40] = 30.0
    assert first_alarm(losses) is None


def test_a_curriculum_that_adds_hard_steps_is_none():
    losses = np.concatenate([np.full(100, 0.05), np.full(100, 1.5), np.full(100, 0.4), np.full(100, 2.5)])
    assert first_alarm(losses * noise(400, 0.2), changes=(100, 200, 300)) is None
    assert first_alarm(losses * noise(400, 0.2)) is not None  # the same, were nothing to have changed


def test_a_runaway_is_found_within_a_window():
    losses = np.concatenate([noise(300, 0.2), np.linspace(1, 8, 20), np.full(50, 8.0)])
    assert 300 < first_alarm(losses) < 300 + 20 + WINDOW


def test_a_runaway_right_after_a_change_is_found_by_what_guessing_would_have():
    ceiling = math.log(VOCABULARY)
    losses = np.concatenate([np.full(60, 2.0), np.full(40, ceiling + 2)])
    assert first_alarm(losses, changes=(60,)) == 60 + WINDOW - 1


def test_a_student_that_begins_at_random_is_none():
    """Its losses lie about ln(V), a little above and below."""
    losses = math.log(VOCABULARY) + np.random.default_rng(0).normal(0.2, 0.3, 2000)
    assert first_alarm(losses) is None
    assert first_alarm(np.concatenate([losses + 2, np.linspace(11, 2, 500)])) is None


def test_it_goes_on_as_it_was_after_a_resume():
    losses = np.concatenate([noise(60, 0.2), np.full(40, 9.0)])
    expected = first_alarm(losses)
    watch = LossWatch(VOCABULARY)
    for loss in losses[:70]:
        watch.diverged(float(loss))
    resumed = LossWatch(VOCABULARY)
    resumed.restore(watch.state())
    assert expected == next(step for step in range(70, 100) if resumed.diverged(float(losses[step])))
