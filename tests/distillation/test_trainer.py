"""The training loop: the schedule it follows, its learning rate, and exact resumes."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from kpod.config import make_config
from kpod.curriculum.rivals import CurriculumState, StagePlan, curriculum_inputs, make_curriculum
from kpod.curriculum.rivals.given import GivenCurriculum
from kpod.distillation.adapter import add_adapter
from kpod.distillation.divergence import WINDOW
from kpod.distillation.learning_rate import learning_rate_factor
from kpod.distillation.lessons import RationaleObjective
from kpod.distillation.trainer import Distillation, TrainingOptions
from kpod.errors import InputError, RunCancelled
from kpod.progress import Reporter
from kpod.run_reporter import RunReporter
from kpod.run_store import create_run, load_run
from kpod.step_difficulty.token_nlls import token_nlls
from tests.support.tiny_students import encoded_examples, load_student

OPTIONS = TrainingOptions(
    epochs=3, batch_size=2, learning_rate=3e-3, schedule="linear", warmup_fraction=0.2, weight_decay=0.01,
    gradient_clip=1.0, seed=5, checkpoint_seconds=1e9,
)  # fmt: skip
ALL_STEPS = 9  # 5 questions, 2 a step, 3 epochs


@pytest.fixture(scope="module")
def examples(tiny_llama_folder):
    return encoded_examples(load_student(tiny_llama_folder)[1], 5, longest=120)


class Recorder(Reporter):
    def __init__(self, stop_after=None):
        self.rows, self.done, self.stop_after = [], 0, stop_after

    def start(self, stage, total, done=0, unit=""):
        self.done, self.total = done, total

    def advance(self, amount=1):
        self.done += amount

    def metrics(self, row):
        unlike = ("seconds", "seconds_left", "memory_bytes")  # from run to run
        self.rows.append({name: value for name, value in row.items() if name not in unlike})

    def cancelled(self):
        return self.done == self.stop_after


class Planned:
    """A curriculum that asks a function for every epoch."""

    needs_losses, num_stages = False, 99

    def __init__(self, plan):
        self.plan = plan

    def start(self):
        return CurriculumState()

    def next_stage(self, state, losses=None):
        stage = state.stage + 1
        steps, participation = self.plan(stage)
        return CurriculumState(stage), StagePlan(stage, steps.astype(np.int32), participation)


def falling(epoch):
    """Each question gives two, one and then no steps."""
    return np.full(5, 3 - epoch), np.ones(5, dtype=np.float32)


def whole(epoch):
    """No question is given any step."""
    return np.zeros(5, dtype=int), np.ones(5, dtype=np.float32)


def distillation(folder, examples, *, options=OPTIONS, plan=falling, weights=None, dropout=0.1, **more):
    model = add_adapter(load_student(folder)[0], rank=2, alpha=None, dropout=dropout, targets="all-linear", seed=1)
    weights = weights or [np.full(example.num_rationale, 0.5, dtype=np.float32) for example in examples]
    curriculum = plan if hasattr(plan, "next_stage") else Planned(plan)
    objective = RationaleObjective(examples, weights)
    return Distillation(model, objective, curriculum, examples, [0, 3], options, pad_id=0, **more)


def options(**changes):
    return TrainingOptions(**{**OPTIONS.__dict__, **changes})


def adapter(training):
    return {name: value.detach().clone() for name, value in training.trainable.items()}


@pytest.fixture(scope="module")
def uninterrupted(tiny_llama_folder, examples):
    reporter = Recorder()
    training = distillation(tiny_llama_folder, examples, reporter=reporter)
    return training, training.run(), reporter.rows


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


# Gradient accumulation, curricula that follow the losses, a budget of tokens, full training, and runaways.


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
