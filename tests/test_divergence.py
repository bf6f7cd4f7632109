"""When a loss is called diverged: a runaway is, noise and the steps of a curriculum are not."""

from __future__ import annotations

import math

import numpy as np
import pytest

from kpod.divergence import WINDOW, LossWatch, NotFinite, check_finite, divergence_error

VOCABULARY = 49_152


def first_alarm(losses, changes=(), **more):
    """The step at which the watch calls the losses diverged; None where it never does."""
    watch = LossWatch(VOCABULARY, **more)
    for step, loss in enumerate(losses):
        if step in changes:
            watch.changed()
        if watch.diverged(float(loss), step):
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
    for step, loss in enumerate(losses[:70]):
        watch.diverged(float(loss), step)
    resumed = LossWatch(VOCABULARY)
    resumed.restore(watch.state())
    assert expected == next(step for step in range(70, 100) if resumed.diverged(float(losses[step]), step))
    assert resumed.last_good_step == expected - WINDOW


def test_what_moves_rightly_is_held_against_guessing_alone():
    """The loss under masks rises with their price from that of the whole rationale to that of none."""
    ceiling = math.log(VOCABULARY)
    losses = np.concatenate([np.full(60, 0.1), np.full(60, ceiling)])
    assert first_alarm(losses) == 60 + WINDOW // 2
    assert first_alarm(losses, rises=False) is None
    assert first_alarm(np.append(losses, np.full(40, ceiling + 2)), rises=False) == 120 + WINDOW // 2


def test_the_last_good_step_is_before_all_that_is_looked_at():
    """Where only every third step is watched, as the answer predictor's own in mask learning."""
    watch = LossWatch(VOCABULARY)
    for step in range(3, 3 * 40, 3):
        watch.diverged(1.0, step)
    assert watch.last_good_step == 3 * 39 - 3 * (WINDOW - 1) - 1
    watch.changed()
    watch.diverged(1.0, 120)
    assert watch.last_good_step == 119


def test_a_watch_of_an_earlier_version_calls_no_step_good():
    watch = LossWatch(VOCABULARY)
    watch.restore({"recent": [1.0, 2.0], "lowest": None, "was_below_ceiling": False})
    watch.diverged(1.0, 70)
    assert watch.last_good_step == 0


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_figure_that_is_not_finite_is_named(value):
    with pytest.raises(NotFinite, match=rf"^The loss is {value}$"):
        check_finite("The loss", value)
    check_finite("The loss", 1e300)


def test_a_divergence_is_told_with_the_step_the_checkpoint_and_the_setting(tmp_path):
    for step in (4, 8):
        (tmp_path / f"step-{step:08d}").mkdir()
    what = {"step": 9, "total": 12, "setting": "weights.learning_rate", "value": 0.003}
    assert str(divergence_error("The loss is nan", checkpoints=tmp_path, last_good_step=7, **what)) == (
        "The loss is nan at step 9 of 12: the training diverged. The last good checkpoint is step-00000004. "
        "Lower weights.learning_rate (it is 0.003) and run again."
    )
    for folder, last in ((tmp_path, 3), (None, 8)):
        told = str(divergence_error("The loss is nan", checkpoints=folder, last_good_step=last, **what))
        assert "There is no checkpoint of before." in told
