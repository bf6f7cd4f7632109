"""Mask learning's loss gives the whole weight generator its gradient: finite differences against the soft relaxation.

With all that the paper's form lacks: place and neighbours beside the class, the rest of the rationale beside the
answer; for a causal model and an encoder-decoder. What is differenced is written out here, in float64.
"""

from __future__ import annotations

import pytest
import torch

from kpod.prompt_pairs import encode_pair, fill_target
from kpod.step_splitting import split_steps
from kpod.token_weighting.learner import MaskLearner
from kpod.token_weighting.masking import sample_mask
from kpod.token_weighting.prefixes import drawn_continuation, prefix_lengths
from tests.support.made_problems import make_problems
from tests.support.mask_learning import options
from tests.support.tiny_students import encoded_examples, load_student
from tests.support.tiny_t5 import build_pair_model, build_t5_tokenizer

LONGEST, ROWS, REST, STEP = 120, 2, 0.5, 1e-7


@pytest.fixture
def gpt2(tiny_gpt2_folder):
    model, tokenizer = load_student(tiny_gpt2_folder)
    return model, encoded_examples(tokenizer, ROWS, longest=LONGEST)


@pytest.fixture
def t5(monkeypatch):
    """T5's norms are float32 whatever the model is; here they are as exact as the rest."""

    def norm(self, hidden):
        return torch.nn.functional.rms_norm(hidden, hidden.shape[-1:], self.weight, self.variance_epsilon)

    monkeypatch.setattr("transformers.models.t5.modeling_t5.T5LayerNorm.forward", norm)
    tokenizer, examples = build_t5_tokenizer(), []
    for each in [each for each in make_problems(200) if len(each.rationale) <= LONGEST][:ROWS]:
        steps = split_steps(each.rationale, "sentence")
        examples.append(encode_pair(each.text, fill_target(each.rationale, each.answer), steps, tokenizer))
    return build_pair_model("t5-untied"), examples


def made(student, **changes):
    """A learner in float64 with a random generator and adapter, so that the loss depends on all it can, and a batch."""
    model, examples = student
    learner = MaskLearner(model.double(), options(context_range=1.5, rest_weight=REST, **changes), 10, 0)
    noise = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for value in [*learner.generator.parameters(), *learner.predictor.named_trainable().values()]:
            value.data = value.double() + 0.1 * torch.randn(value.shape, generator=noise)
    continuations = [drawn_continuation(example, (row,)) for row, example in enumerate(examples)]
    assert all(continuations)
    prefixes = [prefix_lengths(example, "steps") for example in examples]
    return learner, learner.predictor.batch(examples, prefixes, continuations)


def soft_mask(learner, batch):
    logits_BM, _ = learner.weight_logits(batch)
    return sample_mask(logits_BM, 0.5, 0.0, torch.Generator().manual_seed(0))


def answers_and_rest(learner, batch):
    """NLL of the answers and of the continuations: the mean over a rationale's tokens, then over the rationales."""
    logits_NV = learner.predictor.answer_logits(batch, soft_mask(learner, batch), learner.mask_embedding_D)
    assert logits_NV.dtype == torch.float64
    nll_N = -logits_NV.log_softmax(-1)[torch.arange(len(batch.targets_N)), batch.targets_N]
    kinds = (~batch.continues_N, batch.continues_N)
    return [sum(nll_N[kind_N & (batch.row_N == row)].mean() for row in range(ROWS)) / ROWS for kind_N in kinds]


@pytest.mark.parametrize(
    ("family", "changes"),
    [
        ("gpt2", {"mask": "key_bias"}),
        ("gpt2", {"mask": "zero"}),
        ("gpt2", {"mask": "learned"}),
        ("t5", {"encoding": "exact"}),
        ("t5", {"encoding": "one_pass"}),
    ],
)
def test_class_and_place_have_the_gradient_of_the_answer_and_of_the_rest(request, family, changes):
    learner, batch = made(request.getfixturevalue(family), **changes)
    loss = learner.loss_under(batch, soft_mask(learner, batch)).total
    parts = answers_and_rest(learner, batch)
    assert loss.item() == pytest.approx((parts[0] + REST * parts[1]).item(), rel=1e-6)

    def along(directions, step):
        """The two parts with the parameters so far along the directions."""
        with torch.no_grad():
            for value, direction in directions:
                value.add_(step * direction)
            found = torch.stack(answers_and_rest(learner, batch))
            for value, direction in directions:
                value.sub_(step * direction)
        return found

    groups = [learner.generator.class_parameters(), learner.generator.context_parameters()]
    slopes = [[torch.autograd.grad(each, group, retain_graph=True) for each in (loss, *parts)] for group in groups]
    for group, (gradients, *of_parts) in zip(groups, slopes, strict=True):
        for index, part in enumerate(of_parts):  # along the way up of either, so that neither could be left out
            directions = [(value, gradient.sign()) for value, gradient in zip(group, part, strict=True)]
            differences = (along(directions, STEP) - along(directions, -STEP)) / (2 * STEP)
            assert differences[index] > 0.1
            slope = sum((gradient * way).sum() for gradient, (_, way) in zip(gradients, directions, strict=True))
            assert slope.item() == pytest.approx((differences[0] + REST * differences[1]).item(), rel=1e-5)
