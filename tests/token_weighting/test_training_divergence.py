"""Mask learning that diverges is stopped, whatever kind of step it is in, with the last good checkpoint named."""

from __future__ import annotations

import pytest
import torch

from kpod.divergence import WINDOW, NotFinite
from kpod.errors import InputError, RunCancelled
from kpod.token_weighting.learner import MaskLearner
from kpod.token_weighting.losses import RationaleLoss
from kpod.token_weighting.prefixes import build_prefix_batch, prefix_lengths
from kpod.token_weighting.training import learn_token_weights
from tests.support.mask_learning import OPTIONS, Recorder, options
from tests.support.tiny_students import encoded_examples, load_student


@pytest.fixture(scope="module")
def examples(tiny_llama_folder):
    return encoded_examples(load_student(tiny_llama_folder)[1], 5, longest=120)


class Breaking(Recorder):
    """Makes the student's embeddings NaN once a step is done."""

    def __init__(self, model, after):
        super().__init__()
        self.model, self.after = model, after

    def metrics(self, row):
        super().metrics(row)
        if row["step"] == self.after:
            with torch.no_grad():
                self.model.get_input_embeddings().weight[:] = float("nan")


def test_weights_that_are_no_numbers_stop_the_first_step(tmp_path, tiny_llama_folder, examples):
    model, _ = load_student(tiny_llama_folder)
    with torch.no_grad():
        model.get_input_embeddings().weight[:] = float("nan")
    with pytest.raises(InputError) as found:
        learn_token_weights(model, examples, OPTIONS, pad_id=0, checkpoints=tmp_path)
    assert str(found.value) == (
        "The loss of mask learning is nan at step 1 of 9: the training diverged. There is no checkpoint of before. "
        "Lower weights.learning_rate (it is 0.003) and run again."
    )


@pytest.mark.parametrize("after", [2, 4, 5])  # in the warm-up, with the generator, and the predictor alone again
def test_a_loss_that_becomes_no_number_names_the_checkpoint(tmp_path, tiny_llama_folder, examples, after):
    model, _ = load_student(tiny_llama_folder)
    with pytest.raises(InputError) as found:
        learn_token_weights(
            model, examples, options(checkpoint_seconds=1e-9), pad_id=0, checkpoints=tmp_path,
            reporter=Breaking(model, after),
        )  # fmt: skip
    assert str(found.value).startswith(
        f"The loss of mask learning is nan at step {after + 1} of 9: the training diverged. "
        f"The last good checkpoint is step-{after:08d}. Lower weights.learning_rate"
    )


@pytest.mark.parametrize("more", [{}, {"warmup_epochs": 0, "predictor_every": 0}])
def test_a_learning_rate_that_is_far_too_high_stops_soon(tmp_path, tiny_llama_folder, examples, more):
    wild = options(learning_rate=1e6, checkpoint_seconds=1e-9, epochs=9, **more)
    model = load_student(tiny_llama_folder)[0]
    with pytest.raises(InputError, match=r"is (nan|inf) at step [2-5] of \d+: the training diverged\.") as found:
        learn_token_weights(model, examples, wild, pad_id=0, checkpoints=tmp_path)
    assert "The last good checkpoint is step-0000000" in str(found.value)
    assert "Lower weights.learning_rate (it is 1e+06) and run again." in str(found.value)


@pytest.mark.parametrize("part", ["generator.", "predictor."])
def test_a_gradient_that_is_no_number_never_reaches_the_weights(tiny_llama_folder, examples, part):
    learner = MaskLearner(load_student(tiny_llama_folder)[0], OPTIONS, 10, 0)
    named = learner.trainable()
    next(value for name, value in named.items() if name.startswith(part)).register_hook(
        lambda gradient: gradient + float("inf")
    )
    batch = build_prefix_batch(examples[:2], [prefix_lengths(example, "steps") for example in examples[:2]], 0)
    before = {name: value.detach().clone() for name, value in named.items()}
    with pytest.raises(NotFinite, match=r"^The norm of the gradient of mask learning is (inf|nan)$"):
        learner.train_both(batch, 0)
    assert all(torch.equal(value, before[name]) for name, value in named.items())


def test_a_worth_of_the_rationale_that_is_no_number_is_no_unit_to_measure_in(tiny_llama_folder, examples, monkeypatch):
    """An infinite gap would make the loss in units of it 0, which is finite."""

    def endless(learner, batch, mask_BM):
        return RationaleLoss(torch.tensor(float("inf") if mask_BM.sum() == 0 else 1.0))

    monkeypatch.setattr(MaskLearner, "loss_under", endless)
    model = load_student(tiny_llama_folder)[0]
    with pytest.raises(InputError, match=r"^The loss without the rationale is inf at step 1 of 6: "):
        learn_token_weights(model, examples, options(warmup_epochs=0), pad_id=0)


class RunningAway(MaskLearner):
    """The answer's loss, half as high as guessing has it, is five times that from a step on.

    A tiny student's own ends as NaN at once.
    """

    steps, away, before, after = 0, 10**9, 0.5, 5.0

    def _step(self, loss):
        RunningAway.steps += 1
        super()._step(loss)

    def _loss_of(self, batch, logits_NV):
        loss, factor = super()._loss_of(batch, logits_NV), self.after if self.steps >= self.away else self.before
        return RationaleLoss(factor * loss.answers, None if loss.rest is None else factor * loss.rest, loss.rest_weight)


@pytest.fixture
def running_away(monkeypatch):
    monkeypatch.setattr("kpod.token_weighting.training.MaskLearner", RunningAway)
    monkeypatch.setattr(RunningAway, "steps", 0)

    def learn(folder, examples, away, before=0.5, after=5.0, **changes):
        RunningAway.away, RunningAway.before, RunningAway.after = away, before, after
        more = {name: changes.pop(name) for name in ("checkpoints", "reporter") if name in changes}
        chosen = options(batch_size=5, learning_rate=1e-4, **changes)
        return learn_token_weights(load_student(folder)[0], examples, chosen, pad_id=0, **more)

    return learn


@pytest.mark.parametrize(
    ("changes", "masks", "last_seen"),
    [
        ({"warmup_epochs": 80}, "random masks", 40 + WINDOW // 2 + 1),
        # With the generator alone, held against guessing.
        ({"warmup_epochs": 0, "predictor_every": 0, "epochs": 80}, "masks as learned", 40 + WINDOW // 2 + 1),
        # In turn: the predictor's own steps are every second one, and half a window of them takes twice as long.
        ({"warmup_epochs": 40, "predictor_every": 2, "epochs": 60}, "random masks", 40 + 2 * (WINDOW // 2 + 1)),
    ],
)
def test_a_runaway_is_found_in_every_kind_of_step(tiny_llama_folder, examples, running_away, changes, masks, last_seen):
    with pytest.raises(InputError) as found:
        running_away(tiny_llama_folder, examples, 40, **changes)
    assert f"The loss under {masks} has risen to " in str(found.value)
    assert f"over the last {WINDOW} such steps at step {last_seen} of " in str(found.value)


@pytest.mark.parametrize(
    ("seconds", "named"),
    [(1e-9, "There is no checkpoint of before"), (1e9, "The last good checkpoint is step-00000020")],
)
def test_a_checkpoint_within_the_rise_is_not_called_good(
    tmp_path, tiny_llama_folder, examples, running_away, seconds, named
):
    """Two are kept, so of those written after every step both are of the rise."""
    changes = {"warmup_epochs": 80, "checkpoint_seconds": seconds, "checkpoints": tmp_path}
    if seconds > 1:
        with pytest.raises(RunCancelled):
            running_away(tiny_llama_folder, examples, 40, reporter=Recorder(20), **changes)
    with pytest.raises(InputError, match=named):
        running_away(tiny_llama_folder, examples, 40, **changes)


def test_a_runaway_is_found_at_the_same_step_after_a_resume(tmp_path, tiny_llama_folder, examples, running_away):
    changes = {"warmup_epochs": 80, "checkpoints": tmp_path}
    with pytest.raises(RunCancelled):
        running_away(tiny_llama_folder, examples, 40, reporter=Recorder(45), **changes)
    with pytest.raises(InputError, match=f"at step {40 + WINDOW // 2 + 1} of 82"):
        running_away(tiny_llama_folder, examples, 40, **changes)


def test_a_rise_that_the_price_of_a_mask_explains_is_no_runaway(tiny_llama_folder, examples, running_away):
    """Several times the lowest loss, and still better than guessing: so it goes where a mask leaves ever less."""
    rise = {"before": 0.1, "after": 0.6}
    running_away(tiny_llama_folder, examples, 40, warmup_epochs=0, predictor_every=0, epochs=80, **rise)
    RunningAway.steps = 0
    with pytest.raises(InputError, match="under random masks"):  # under random masks nothing explains it
        running_away(tiny_llama_folder, examples, 40, warmup_epochs=80, **rise)
