"""Ways to train: accumulation, curricula that follow the losses, a budget of tokens, every weight; and runaways."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from kpod.curriculum.rivals import curriculum_inputs, make_curriculum
from kpod.curriculum.rivals.given import GivenCurriculum
from kpod.distillation.adapter import add_adapter
from kpod.distillation.learning_rate import learning_rate_factor
from kpod.distillation.lessons import RationaleObjective
from kpod.distillation.trainer import Distillation
from kpod.divergence import WINDOW
from kpod.errors import InputError, RunCancelled
from kpod.step_difficulty.token_nlls import token_nlls
from tests.support.tiny_students import encoded_examples, load_student
from tests.support.tiny_trainings import (
    ALL_STEPS,
    OPTIONS,
    Planned,
    Recorder,
    adapter,
    distillation,
    options,
    whole,
)


def test_four_batches_of_one_are_one_batch_of_four(tiny_llama_folder):
    """The mean is over the tokens of the whole step: texts of other lengths would else weigh otherwise."""
    six = encoded_examples(load_student(tiny_llama_folder)[1], 6)
    weights = [np.linspace(0.2, 0.9, each.num_rationale, dtype=np.float32) for each in six]
    ends, rows = [], []
    for batch_size, accumulation in ((4, 1), (1, 4), (2, 2)):
        reporter = Recorder()
        model = add_adapter(
            load_student(tiny_llama_folder)[0], rank=2, alpha=None, dropout=0.0, targets="all-linear", seed=1
        )
        training = Distillation(
            model, RationaleObjective(six, weights), GivenCurriculum(np.zeros((1, 6), dtype=np.int32)), six, [],
            options(batch_size=batch_size, accumulation=accumulation), pad_id=0, reporter=reporter,
        )  # fmt: skip
        training.run()
        ends.append(adapter(training))
        rows.append(reporter.rows)
    assert len({len(each) for each in six}) > 1
    for end, row in zip(ends[1:], rows[1:], strict=True):
        assert max(float((end[name] - value).abs().max()) for name, value in ends[0].items()) < 1e-6
        assert [each["loss"] for each in row] == pytest.approx([each["loss"] for each in rows[0]], rel=1e-5)
        assert [each["supervised_tokens"] for each in row] == [each["supervised_tokens"] for each in rows[0]]


def follower(examples, name="adaptive"):
    inputs = curriculum_inputs([np.ones(3)] * len(examples), np.zeros(len(examples), dtype=int), num_stages=3)
    return make_curriculum(name, inputs)


@pytest.mark.parametrize("name", ["adaptive", "self_paced"])
def test_a_curriculum_that_follows_the_losses_is_resumed_exactly(tmp_path, tiny_llama_folder, examples, name):
    five = options(epochs=5)
    whole_run = distillation(tiny_llama_folder, examples, options=five, plan=follower(examples, name))
    history = whole_run.run()
    taking_part = [int(plan.participation.sum()) for plan in whole_run.plans]
    assert taking_part[0] < 5 and taking_part[2:] == [5, 5, 5] and len(taking_part) == 5
    steps = whole_run.at.step
    assert steps == sum(-(-count // 2) for count in taking_part) < 15
    for stop_after in range(1, steps):
        folder = tmp_path / str(stop_after)
        with pytest.raises(RunCancelled):
            distillation(
                tiny_llama_folder, examples, options=five, plan=follower(examples, name), checkpoints=folder,
                reporter=Recorder(stop_after),
            ).run()  # fmt: skip
        resumed = distillation(
            tiny_llama_folder, examples, options=five, plan=follower(examples, name), checkpoints=folder
        )
        again = resumed.run()
        expected = adapter(whole_run)
        assert all(torch.equal(value, expected[key]) for key, value in adapter(resumed).items()), stop_after
        assert [[nlls.tolist() for nlls in epoch] for epoch in again] == [
            [nlls.tolist() for nlls in epoch] for epoch in history
        ]
        assert [plan.participation.tolist() for plan in resumed.plans] == [
            plan.participation.tolist() for plan in whole_run.plans
        ]


def test_a_curriculum_is_given_the_losses_of_the_student_as_it_stands(tiny_llama_folder, examples):
    class Listening(Planned):
        needs_losses, num_stages = True, 2

        def __init__(self):
            super().__init__(whole)
            self.heard = []

        def next_stage(self, state, losses=None):
            self.heard.append(losses)
            return super().next_stage(state, losses)

    curriculum = Listening()
    distillation(tiny_llama_folder, examples, plan=curriculum, weights=[None] * 5).run()
    first, second, third = curriculum.heard
    assert third is None and not np.allclose(first, second)  # after T nobody asks
    base = token_nlls(load_student(tiny_llama_folder)[0], examples, pad_id=0, to_the_end=True)
    assert [len(nlls) for nlls in base] == [len(each) - each.num_question for each in examples]
    assert first == pytest.approx([nlls.mean() for nlls in base], rel=1e-5)


def test_questions_that_take_no_part_are_not_even_computed(tiny_llama_folder, examples):
    def first_alone(epoch):
        return np.zeros(5, dtype=int), np.array([1, 0, 0, 0, 0], dtype=np.float32)

    reporter = Recorder()
    distillation(tiny_llama_folder, examples, plan=first_alone, weights=[None] * 5, reporter=reporter).run()
    assert [row["tokens"] for row in reporter.rows] == [len(examples[0])] * 3
    assert [row["epoch"] for row in reporter.rows] == [1, 2, 3]
    # Each epoch is a third of the training, whatever its number of steps.
    expected = [3e-3 * learning_rate_factor(position, ALL_STEPS, "linear", 0.2) for position in (0, 3, 6)]
    assert [row["learning_rate"] for row in reporter.rows] == pytest.approx(expected)
    assert reporter.total == 3


@pytest.mark.parametrize("stop_after", [None, 4, 8])
def test_a_budget_of_tokens_ends_the_training(tmp_path, tiny_llama_folder, examples, stop_after):
    by_tokens = options(length="tokens", epochs=2)
    reporter = Recorder()
    training = distillation(tiny_llama_folder, examples, options=by_tokens, reporter=reporter)
    history = training.run()
    given = [row["supervised_tokens"] for row in reporter.rows]
    budget = 2 * sum(len(each) - each.num_question for each in examples)
    assert sum(given) >= budget > sum(given[:-1])
    assert reporter.rows[-1]["epoch"] == len(history) == 4  # two epochs gave some steps as input
    assert reporter.rows[-1]["learning_rate"] < 0.3 * 3e-3
    if stop_after is not None:
        with pytest.raises(RunCancelled):
            distillation(
                tiny_llama_folder, examples, options=by_tokens, checkpoints=tmp_path, reporter=Recorder(stop_after)
            ).run()
        second = Recorder()
        resumed = distillation(tiny_llama_folder, examples, options=by_tokens, checkpoints=tmp_path, reporter=second)
        resumed.run()
        assert second.rows == reporter.rows[stop_after:]
        assert all(torch.equal(value, adapter(training)[name]) for name, value in adapter(resumed).items())


def test_full_training_moves_every_weight_and_is_resumed_exactly(tmp_path, tiny_llama_folder, examples):
    def whole_model(**more):
        model = load_student(tiny_llama_folder)[0].requires_grad_(True)
        objective = RationaleObjective(examples, [None] * 5)
        return Distillation(model, objective, Planned(whole), examples, [0], OPTIONS, pad_id=0, **more)

    training = whole_model()
    before = adapter(training)
    training.run()
    after = adapter(training)
    assert len(after) == len(list(training.model.parameters()))
    assert not any(torch.equal(value, before[name]) for name, value in after.items())
    with pytest.raises(RunCancelled):
        whole_model(checkpoints=tmp_path, reporter=Recorder(4)).run()
    resumed = whole_model(checkpoints=tmp_path)
    resumed.run()
    assert all(torch.equal(value, after[name]) for name, value in adapter(resumed).items())


class RunningAway(RationaleObjective):
    """Its loss is ten times as high once `away`: with its layer norms, the tiny student's own ends as NaN at once."""

    away = False

    def loss(self, logits_NV, batch, totals):
        return super().loss(logits_NV, batch, totals) * (10.0 if RunningAway.away else 1.0)


@pytest.mark.parametrize(
    ("seconds", "named"),
    [(1e-9, "There is no checkpoint of before"), (1e9, "The last good checkpoint is step-00000018")],
)
def test_a_runaway_is_stopped_and_the_last_good_checkpoint_named(tmp_path, tiny_llama_folder, examples, seconds, named):
    """Of two kept checkpoints that were both written within the rise, neither is called good."""
    steady = options(epochs=40, schedule="constant", learning_rate=1e-4, checkpoint_seconds=seconds)
    training = distillation(tiny_llama_folder, examples, options=steady, plan=whole, checkpoints=tmp_path)
    training.objective = RunningAway(examples, [None] * 5)

    def running_away(epoch):
        RunningAway.away = epoch > 11
        if epoch == 7 and seconds > 1:  # well before the window in which it rises
            training._save()
        return whole(epoch)

    training.curriculum = Planned(running_away)
    message = r"The loss has risen to .* over the last 25 steps at step \d+ of 120: the training diverged"
    with pytest.raises(InputError, match=message) as found:
        training.run()
    assert named in str(found.value) and "Lower distillation.learning_rate" in str(found.value)
    assert training.at.step == 33 + WINDOW // 2  # done; the next one makes most of the window high
