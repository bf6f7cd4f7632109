"""One step of mask learning: whose gradient the answer loss is, and what the two ends of masking measure."""

from __future__ import annotations

import pytest
import torch

from kpod.token_weighting.answer_losses import measure_answer_losses
from kpod.token_weighting.applying import rationale_logits
from kpod.token_weighting.learner import MaskLearner
from kpod.token_weighting.losses import RationaleLoss
from kpod.token_weighting.masking import sample_mask
from kpod.token_weighting.model import gumbel_sigmoid
from kpod.token_weighting.prefixes import build_prefix_batch, prefix_lengths
from tests.support.mask_learning import OPTIONS, options
from tests.support.tiny_students import encoded_examples, load_student


@pytest.fixture(scope="module")
def examples(tiny_llama_folder):
    return encoded_examples(load_student(tiny_llama_folder)[1], 5, longest=120)


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
        return learner.loss_under(batch, mask).total

    gradient = torch.autograd.grad(loss(logits), logits)[0]
    for seed in range(3):
        noise = torch.rand(gradient.shape, generator=torch.Generator().manual_seed(seed))
        direction = gradient.sign() * noise  # against the sign everything would cancel out
        with torch.no_grad():
            difference = (loss(logits + 0.01 * direction) - loss(logits - 0.01 * direction)) / 0.02
        assert (gradient * direction).sum().item() == pytest.approx(difference.item(), rel=0.02)


def test_the_full_rationale_and_the_empty_one_are_told_apart(tiny_llama_folder, examples):
    learner = MaskLearner(load_student(tiny_llama_folder)[0], OPTIONS, 10, 0)
    few = examples[:2]
    batch = build_prefix_batch(few, [prefix_lengths(example, "steps") for example in few], 0)
    learner.measure(batch, RationaleLoss(torch.tensor(2.0)))
    assert learner.price.nll_full != learner.price.nll_empty
    # With everything kept the embeddings are the student's own: the loss is that of a plain forward pass.
    ones = torch.ones(2, int(batch.rationale_BL.sum(1).max()))
    assert learner.loss_under(batch, ones).total.item() == pytest.approx(learner.price.nll_full, rel=1e-6)


def test_weights_do_not_depend_on_the_company(tiny_llama_folder, examples):
    learner = MaskLearner(load_student(tiny_llama_folder)[0], OPTIONS, 10, 0)
    together = learner.weights_of(examples)
    for example, weights in zip(examples, together, strict=True):
        assert learner.weights_of([example])[0] == pytest.approx(weights, abs=1e-6)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("mask", ["learned", "zero", "key_bias"])
def test_the_answer_loss_gives_the_weight_generator_its_gradient(tiny_gpt2_folder, batch, mask):
    """In float64, against the soft relaxation: noise and adapter fixed, every parameter of the generator moved."""
    learner = MaskLearner(load_student(tiny_gpt2_folder)[0].double(), options(mask=mask), 10, 0)
    learner.generator.double()
    learned = None if learner.mask_embedding_D is None else learner.mask_embedding_D.detach().double()
    noise = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for value in [*learner.generator.parameters(), *learner.predictor.named_trainable().values()]:
            value.add_(0.1 * torch.randn(value.shape, generator=noise))
    ids = [batch.input_ids_BL[row][batch.rationale_BL[row]] for row in range(len(batch.input_ids_BL))]

    def answer_loss():
        logits_BM, _ = rationale_logits(learner.generator, learner.embedding, ids, 0)
        mask_BM = sample_mask(logits_BM, 0.5, 0.0, torch.Generator().manual_seed(0))
        logits_NV = learner.predictor.answer_logits(batch, mask_BM, learned)
        assert logits_NV.dtype == torch.float64
        return torch.nn.functional.cross_entropy(logits_NV, batch.targets_N)

    parameters = list(learner.generator.parameters())
    gradients = torch.autograd.grad(answer_loss(), parameters)
    directions = [gradient.sign() for gradient in gradients]
    slope = sum((gradient * direction).sum() for gradient, direction in zip(gradients, directions, strict=True)).item()
    assert slope > 1e-3

    def moved(step):
        with torch.no_grad():
            for value, direction in zip(parameters, directions, strict=True):
                value.add_(step * direction)
            loss = answer_loss().item()
            for value, direction in zip(parameters, directions, strict=True):
                value.sub_(step * direction)
        return loss

    step = 1e-7
    assert slope == pytest.approx((moved(step) - moved(-step)) / (2 * step), rel=1e-5)


def test_the_losses_in_the_end_are_those_of_every_rationale_by_itself(learner, examples):
    def batches(size):
        for at in range(0, len(examples), size):
            few = examples[at : at + size]
            yield build_prefix_batch(few, [prefix_lengths(example, "steps") for example in few], 0)

    def by_itself(value):
        losses = []
        for batch in batches(1):
            mask = torch.full((1, int(batch.rationale_BL.sum())), value)
            losses.append(learner.loss_under(batch, mask).total.item())
        return sum(losses) / len(losses)

    found = measure_answer_losses(learner, batches(2), seed=0)  # 2, 2 and 1
    assert found.rationales == 5
    assert (found.full, found.empty) == (pytest.approx(by_itself(1.0), 1e-4), pytest.approx(by_itself(0.0), 1e-4))
    assert abs(found.full - found.empty) > 1e-4
    assert found.masked not in (found.full, found.empty)
    assert found.notes() == {
        "nll_masked": found.masked, "nll_full": found.full, "nll_empty": found.empty, "nll_rationales": 5,
    }  # fmt: skip


@pytest.mark.parametrize(("bias", "which"), [(60.0, "full"), (-60.0, "empty")])
def test_masks_that_keep_all_or_nothing_leave_all_or_nothing(tiny_llama_folder, examples, batch, bias, which):
    unbounded = MaskLearner(load_student(tiny_llama_folder)[0], options(logit_bound=0.0), 10, 0)
    torch.nn.init.constant_(unbounded.generator.mlp[2].bias, bias)
    found = measure_answer_losses(unbounded, [batch], seed=0)
    assert found.masked == pytest.approx(getattr(found, which), abs=1e-6) and found.full != found.empty


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_what_is_trained_is_float32_whatever_the_student_is(tiny_llama_folder, examples, batch, dtype):
    # In half precision steps far below a parameter's size would be rounded away, and learning would stand still.
    half = MaskLearner(load_student(tiny_llama_folder, dtype)[0], OPTIONS, 10, 0)
    assert {value.dtype for value in half.trainable().values()} == {torch.float32}
    half.train_predictor(batch, seed=0)
    half.train_both(batch, seed=1)
    assert all(torch.isfinite(value).all() for value in half.trainable().values())
