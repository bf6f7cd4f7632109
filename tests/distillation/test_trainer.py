"""The training loop: the schedule it follows, its learning rate, and exact resumes."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from kpod.config import make_config
from kpod.distillation.learning_rate import learning_rate_factor
from kpod.distillation.lessons import RationaleObjective
from kpod.errors import InputError, RunCancelled
from kpod.run_reporter import RunReporter
from kpod.run_store import create_run, load_run
from kpod.step_difficulty.token_nlls import token_nlls
from tests.support.tiny_trainings import (
    ALL_STEPS,
    Planned,
    Recorder,
    adapter,
    distillation,
    options,
    whole,
)


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("constant", [0.5, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]),
        ("linear", [0.5, 1.0, 1.0, 7 / 8, 6 / 8, 5 / 8, 4 / 8, 3 / 8, 2 / 8, 1 / 8]),
        ("cosine", [0.5, 1.0, 1.0, *[0.5 * (1 + np.cos(np.pi * k / 8)) for k in range(1, 8)]]),
    ],
)
def test_learning_rate_factor(schedule, expected):
    assert [learning_rate_factor(step, 10, schedule, 0.2) for step in range(10)] == pytest.approx(expected)


def test_learning_rate_without_a_warm_up_and_of_a_single_step():
    assert learning_rate_factor(0, 10, "linear", 0.0) == 1.0
    assert learning_rate_factor(0, 1, "linear", 0.05) == 1.0
    assert learning_rate_factor(0, 1, "cosine", 0.0) == 1.0


def test_what_every_step_reports(uninterrupted, examples):
    _, _, rows = uninterrupted
    assert [row["step"] for row in rows] == list(range(1, ALL_STEPS + 1))
    assert [row["epoch"] for row in rows] == [1] * 3 + [2] * 3 + [3] * 3
    assert [row["learning_rate"] for row in rows] == pytest.approx(
        [3e-3 * learning_rate_factor(step, ALL_STEPS, "linear", 0.2) for step in range(ALL_STEPS)]
    )
    assert all(np.isfinite(row["loss"]) for row in rows)


def test_the_supervised_tokens_are_those_of_the_stage(uninterrupted, examples):
    _, _, rows = uninterrupted
    for epoch in (1, 2, 3):
        expected = sum(
            int((example.token_steps >= 3 - epoch).sum()) + len(example) - example.rationale_end for example in examples
        )
        assert sum(row["supervised_tokens"] for row in rows if row["epoch"] == epoch) == expected


def test_every_epoch_records_the_losses_of_the_probe(uninterrupted, examples):
    training, history, _ = uninterrupted
    assert [[len(nlls) for nlls in epoch] for epoch in history] == [
        [examples[0].num_rationale, examples[3].num_rationale]
    ] * 3
    training.model.eval()
    now = token_nlls(training.model, [examples[0], examples[3]], pad_id=0)
    assert np.array_equal(history[-1][0], now[0]) and np.array_equal(history[-1][1], now[1])
    assert not np.array_equal(history[0][0], history[1][0])


def test_it_learns(tiny_llama_folder, examples):
    reporter = Recorder()
    ones = [None] * 5
    steady = options(epochs=12, schedule="constant", learning_rate=1e-2)
    distillation(tiny_llama_folder, examples, options=steady, plan=whole, weights=ones, reporter=reporter).run()
    losses = [row["loss"] for row in reporter.rows]
    assert np.mean(losses[-3:]) < 0.8 * np.mean(losses[:3])


@pytest.mark.parametrize("stop_after", [1, 3, 7])  # in an epoch, at the end of one, after two probes
def test_an_interrupted_training_ends_where_the_uninterrupted_did(
    tmp_path, tiny_llama_folder, examples, uninterrupted, stop_after
):
    training, history, rows = uninterrupted
    first = Recorder(stop_after)
    with pytest.raises(RunCancelled, match=f"after step {stop_after} of 9"):
        distillation(tiny_llama_folder, examples, checkpoints=tmp_path, reporter=first).run()
    second = Recorder()
    resumed = distillation(tiny_llama_folder, examples, checkpoints=tmp_path, reporter=second)
    again = resumed.run()
    expected = adapter(training)
    assert all(torch.equal(value, expected[name]) for name, value in adapter(resumed).items())
    assert [[nlls.tolist() for nlls in epoch] for epoch in again] == [
        [nlls.tolist() for nlls in epoch] for epoch in history
    ]
    assert first.rows + second.rows == rows


class Killed(BaseException):
    """As SIGKILL: nothing in the process gets to write anything any more."""


@pytest.mark.parametrize("killed_at", [4, 8])
def test_a_killed_training_leaves_no_gap_and_no_line_twice(tmp_path, tiny_llama_folder, examples, killed_at):
    config = make_config({"name": "R", "data": {"source": "x"}, "student": {"name": "smollm2-135m"}})
    run = create_run(tmp_path / "run", config)
    saving = options(checkpoint_seconds=1e-9)

    class Dying(RunReporter):
        def metrics(self, row):
            super().metrics(row)
            if row["step"] == killed_at:
                raise Killed

    with pytest.raises(Killed):
        distillation(
            tiny_llama_folder, examples, options=saving, checkpoints=run.folder / "checkpoints", reporter=Dying(run)
        ).run()
    assert len(run.metrics) == killed_at - 1
    with open(run.folder / "metrics.jsonl", "a") as file:
        file.write('{"stage": "distill", "st')  # cut in the middle of a line
    reporter = RunReporter(load_run(run.folder))
    distillation(
        tiny_llama_folder, examples, options=saving, checkpoints=run.folder / "checkpoints", reporter=reporter
    ).run()
    reporter.flush()
    assert run.metrics["step"].tolist() == list(range(1, ALL_STEPS + 1))


def test_a_question_that_takes_no_part_changes_nothing(tiny_llama_folder, examples):
    def only(rows):
        def plan(epoch):
            participation = np.zeros(5, dtype=np.float32)
            participation[rows] = 1
            return np.zeros(5, dtype=int), participation

        return plan

    nobody = distillation(tiny_llama_folder, examples, plan=only([]))
    before = adapter(nobody)
    nobody.run()
    assert all(torch.equal(value, before[name]) for name, value in adapter(nobody).items())


def test_a_loss_that_is_no_number_stops_with_the_last_checkpoint_named(tmp_path, tiny_llama_folder, examples):
    broken = [np.full(example.num_rationale, np.nan, dtype=np.float32) for example in examples]
    with pytest.raises(
        InputError, match=r"The loss is nan at step 1 of 9.*There is no checkpoint of before.*learning_rate"
    ):
        distillation(tiny_llama_folder, examples, weights=broken, plan=whole, checkpoints=tmp_path).run()
    save = options(checkpoint_seconds=1e-9)

    training = distillation(tiny_llama_folder, examples, options=save, checkpoints=tmp_path)

    def breaking(epoch):
        if epoch == 3:
            training.objective = RationaleObjective(examples, broken)
        return whole(epoch)

    training.curriculum = Planned(breaking)
    with pytest.raises(InputError, match=r"The loss is nan at step 7 of 9.*last good checkpoint is step-00000006"):
        training.run()


def test_a_gradient_that_is_no_number_never_reaches_the_weights(tiny_llama_folder, examples):
    training = distillation(tiny_llama_folder, examples)
    name, value = next(iter(training.trainable.items()))
    value.register_hook(lambda gradient: gradient * float("inf"))
    before = adapter(training)
    with pytest.raises(InputError, match=r"The norm of the gradient is (nan|inf) at step 1 of 9"):
        training.run()
    assert all(torch.equal(after, before[key]) for key, after in adapter(training).items()), name
