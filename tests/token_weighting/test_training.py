"""Mask learning: gradients, the same weights again, and after an interruption bit for bit the same."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from kpod.errors import InputError, RunCancelled
from kpod.progress import Reporter
from kpod.token_weighting.learner import MaskLearner
from kpod.token_weighting.model import gumbel_sigmoid
from kpod.token_weighting.options import MaskLearningOptions
from kpod.token_weighting.prefixes import build_prefix_batch, prefix_lengths
from kpod.token_weighting.training import learn_token_weights
from tests.support.tiny_students import encoded_examples, load_student

OPTIONS = MaskLearningOptions(
    epochs=2, warmup_epochs=1, batch_size=2, learning_rate=3e-3, lora_rank=2, objective="constrained", alpha=0.5,
    tolerance=0.15, dual_start=0.3, dual_rate=None, temperature=0.5, sampling="soft", mask="learned", prefixes="steps",
    predictor_every=3, logit_bound=4.0, seed=3, checkpoint_seconds=1e9,
)  # fmt: skip


class Recorder(Reporter):
    """Keeps the metrics; asks for a stop once `stop_after` steps are done."""

    def __init__(self, stop_after: int | None = None):
        self.rows, self.done, self.stop_after, self.said = [], 0, stop_after, []

    def start(self, stage, total, done=0, unit=""):
        self.done, self.total = done, total

    def advance(self, amount=1):
        self.done += amount

    def metrics(self, row):
        self.rows.append(row)

    def log(self, message):
        self.said.append(message)

    def cancelled(self):
        return self.done == self.stop_after


@pytest.fixture(scope="module")
def tokenizer(tiny_llama_folder):
    return load_student(tiny_llama_folder)[1]


@pytest.fixture(scope="module")
def examples(tokenizer):
    return encoded_examples(tokenizer, 5, longest=120)


def learn(folder, examples, options=OPTIONS, dtype="float32", **more):
    return learn_token_weights(load_student(folder, dtype)[0], examples, options, pad_id=0, **more)


def options(**changes) -> MaskLearningOptions:
    return MaskLearningOptions(**{**OPTIONS.__dict__, **changes})


@pytest.fixture(scope="module")
def uninterrupted(tiny_llama_folder, examples):
    reporter = Recorder()
    return learn(tiny_llama_folder, examples, reporter=reporter), reporter


def test_a_weight_for_every_token_of_every_epoch(uninterrupted, examples):
    learned, _ = uninterrupted
    assert [len(weights) for weights in learned.weights] == [example.num_rationale for example in examples]
    assert learned.history.shape == (2, sum(example.num_rationale for example in examples))
    assert np.array_equal(np.concatenate(learned.weights), learned.history[-1])
    assert ((learned.history > 0) & (learned.history < 1)).all()
    assert not np.array_equal(*learned.history)
    assert set(learned.generator) >= {"mask_embedding", "generator.mlp.2.bias"}


def test_what_every_step_reports(uninterrupted):
    _, reporter = uninterrupted
    rows = reporter.rows
    assert reporter.total == 9 and [row["step"] for row in rows] == list(range(1, 10))
    assert [row["phase"] for row in rows] == ["predictor"] * 3 + ["mask", "mask", "predictor"] * 2
    mask = [row for row in rows if row["phase"] == "mask"]
    assert all({"nll_masked", "keep_rate", "alpha", "nll_full", "nll_empty"} <= set(row) for row in mask)
    assert [row["epoch"] for row in rows] == [1, 1, 1, 2, 2, 2, 3, 3, 3]


def test_the_same_seed_gives_the_same_weights(uninterrupted, tiny_llama_folder, examples):
    assert np.array_equal(learn(tiny_llama_folder, examples).history, uninterrupted[0].history)
    assert not np.array_equal(learn(tiny_llama_folder, examples, options(seed=4)).history, uninterrupted[0].history)


@pytest.mark.parametrize("stop_after", [2, 6, 8])  # in the warm-up, at the end of an epoch, in the middle of one
def test_an_interrupted_training_ends_where_the_uninterrupted_did(
    tmp_path, uninterrupted, tiny_llama_folder, examples, stop_after
):
    learned, whole = uninterrupted
    first = Recorder(stop_after)
    with pytest.raises(RunCancelled, match=f"after step {stop_after} of 9"):
        learn(tiny_llama_folder, examples, checkpoints=tmp_path, reporter=first)
    second = Recorder()
    resumed = learn(tiny_llama_folder, examples, checkpoints=tmp_path, reporter=second)
    assert f"Resuming mask learning after step {stop_after} of 9." in second.said
    assert np.array_equal(resumed.history, learned.history)
    assert all(torch.equal(resumed.generator[name], value) for name, value in learned.generator.items())
    assert first.rows + second.rows == whole.rows


def test_metrics_reach_the_disk_before_their_checkpoint_counts(tmp_path, tiny_llama_folder, examples):
    class Held(Recorder):
        def __init__(self):
            super().__init__()
            self.held, self.newest_at_flush = 0, []

        def metrics(self, row):
            self.held = row["step"]

        def flush(self):
            self.newest_at_flush.append((self.held, sorted(path.name for path in tmp_path.glob("step-*"))[-1:]))

    reporter = Held()
    learn(tiny_llama_folder, examples, options(checkpoint_seconds=1e-9), checkpoints=tmp_path, reporter=reporter)
    assert len(reporter.newest_at_flush) == 9
    assert all(newest in ([], [f"step-{step - 1:08d}"]) for step, newest in reporter.newest_at_flush)


@pytest.mark.parametrize(
    "changes",
    [
        {"objective": "fixed"},
        {"objective": "relative", "sampling": "hard"},
        {"mask": "zero"},
        {"prefixes": "all", "batch_size": 5},
        {"warmup_epochs": 0, "epochs": 1},
        {"predictor_every": 2},
    ],
)
def test_every_option_learns(tiny_llama_folder, examples, changes):
    learned = learn(tiny_llama_folder, examples, options(**changes))
    assert np.isfinite(learned.history).all()
    assert ("mask_embedding" in learned.generator) == (changes.get("mask") != "zero")


@pytest.mark.parametrize("family", ["gpt2", "qwen2"])
def test_other_families_learn(request, family, tokenizer, examples):
    folder = request.getfixturevalue(f"tiny_{family}_folder")
    assert np.isfinite(learn(folder, examples[:3]).history).all()


def test_in_bfloat16_the_weights_are_plain_numbers(tiny_llama_folder, examples):
    learned = learn(tiny_llama_folder, examples[:3], dtype="bfloat16")
    assert learned.history.dtype == np.float32 and np.isfinite(learned.history).all()


def test_a_loss_that_is_no_number_stops_with_advice(tiny_llama_folder, examples):
    model, _ = load_student(tiny_llama_folder)
    with torch.no_grad():
        model.get_input_embeddings().weight[:] = float("nan")
    with pytest.raises(InputError, match=r"loss of mask learning is nan.*Lower weights\.learning_rate .it is 0\.003"):
        learn_token_weights(model, examples, OPTIONS, pad_id=0)


@pytest.fixture
def learner(tiny_llama_folder):
    made = MaskLearner(load_student(tiny_llama_folder)[0], OPTIONS, 10, 0)
    # A random adapter: a new one has a zero half, and the loss would not depend on all it could.
    with torch.no_grad():
        for name, value in made.trainable().items():
            if name.startswith("predictor."):
                value.copy_(0.1 * torch.randn(value.shape, generator=torch.Generator().manual_seed(1)))
    return made


@pytest.fixture
def batch(examples):
    few = examples[:2]
    return build_prefix_batch(few, [prefix_lengths(example, "steps") for example in few], 0)


def test_the_answer_loss_has_the_gradient_of_finite_differences(learner, batch):
    # Along whole directions, and in wide steps: transformers' norms are float32 whatever the model is.
    size = int(batch.rationale_BL.sum(1).max())
    logits = torch.linspace(-2, 2, 2 * size).reshape(2, size).requires_grad_()

    def loss(values):
        mask = gumbel_sigmoid(values, 0.5, generator=torch.Generator().manual_seed(0))
        return learner.answer_nll(batch, mask)

    gradient = torch.autograd.grad(loss(logits), logits)[0]
    for seed in range(3):
        noise = torch.rand(gradient.shape, generator=torch.Generator().manual_seed(seed))
        direction = gradient.sign() * noise  # against the sign everything would cancel out
        with torch.no_grad():
            difference = (loss(logits + 0.01 * direction) - loss(logits - 0.01 * direction)) / 0.02
        assert (gradient * direction).sum().item() == pytest.approx(difference.item(), rel=0.02)


def test_only_generator_mask_and_adapter_are_trained(tiny_llama_folder, examples):
    model, _ = load_student(tiny_llama_folder)
    before = {name: value.clone() for name, value in model.named_parameters()}
    learn_token_weights(model, examples[:2], options(epochs=1), pad_id=0)
    for name, value in model.named_parameters():
        if "lora_" not in name:
            assert torch.equal(value, before[name.replace(".base_layer", "")]), name


def test_the_full_rationale_and_the_empty_one_are_told_apart(tiny_llama_folder, examples):
    learner = MaskLearner(load_student(tiny_llama_folder)[0], OPTIONS, 10, 0)
    few = examples[:2]
    batch = build_prefix_batch(few, [prefix_lengths(example, "steps") for example in few], 0)
    learner.measure(batch)
    assert learner.price.nll_full != learner.price.nll_empty
    # With everything kept the embeddings are the student's own: the loss is that of a plain forward pass.
    ones = torch.ones(2, int(batch.rationale_BL.sum(1).max()))
    assert learner.answer_nll(batch, ones).item() == pytest.approx(learner.price.nll_full, rel=1e-6)


def test_weights_do_not_depend_on_the_company(uninterrupted, tiny_llama_folder, examples):
    learner = MaskLearner(load_student(tiny_llama_folder)[0], OPTIONS, 10, 0)
    together = learner.weights_of(examples)
    for example, weights in zip(examples, together, strict=True):
        assert learner.weights_of([example])[0] == pytest.approx(weights, abs=1e-6)
