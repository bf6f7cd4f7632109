"""What a masked token becomes (Eq. 4): hand-worked, and its gradient through a model by finite differences."""

from __future__ import annotations

import math

import pytest
import torch

from kpod.prompt_pairs import encode_pair, fill_target
from kpod.step_splitting import split_steps
from kpod.token_weighting.encoder_decoder_predictor import EncoderDecoderPredictor
from kpod.token_weighting.masking import apply_mask, sample_mask
from kpod.token_weighting.model import gumbel_sigmoid
from kpod.token_weighting.predictor import CausalPredictor
from kpod.token_weighting.prefixes import prefix_lengths
from tests.support.tiny_students import encoded_examples, load_student
from tests.support.tiny_t5 import build_pair_model, build_t5_tokenizer

TOKENS = torch.tensor([[[2.0, 4.0], [1.0, 1.0], [3.0, -1.0]]])
MASK = torch.tensor([[1.0, 0.0, 0.25]])


def test_zero_scales_and_learned_goes_over_into_an_embedding():
    zeroed, bias = apply_mask("zero", TOKENS, MASK, None)
    assert bias is None
    assert torch.equal(zeroed, torch.tensor([[[2.0, 4.0], [0.0, 0.0], [0.75, -0.25]]]))
    learned, bias = apply_mask("learned", TOKENS, MASK, torch.tensor([10.0, 20.0]))
    # .25 * (3, -1) + .75 * (10, 20)
    assert bias is None
    assert torch.equal(learned, torch.tensor([[[2.0, 4.0], [10.0, 20.0], [8.25, 14.75]]]))


def test_a_key_bias_leaves_embeddings_and_takes_from_scores():
    kept, bias = apply_mask("key_bias", TOKENS, MASK, None)
    assert torch.equal(kept, TOKENS)
    expected = torch.tensor([[math.log(1 + 1e-6), math.log(1e-6), math.log(0.25 + 1e-6)]])
    assert torch.allclose(bias, expected, atol=1e-6)


def noise(seed=4):
    return torch.Generator().manual_seed(seed)


def test_samples_go_over_from_soft_to_hard_with_the_soft_ones_gradient():
    logits = torch.linspace(-3, 3, 20, requires_grad=True)
    soft, hard = (
        gumbel_sigmoid(logits, 0.5, generator=noise()),
        gumbel_sigmoid(logits, 0.5, hard=True, generator=noise()),
    )
    for hardness in (0.0, 0.25, 1.0):
        sample = sample_mask(logits, 0.5, hardness, noise())
        assert torch.allclose(sample, (1 - hardness) * soft + hardness * hard, atol=1e-6)
        gradients = [torch.autograd.grad(each.sum(), logits, retain_graph=True)[0] for each in (sample, soft)]
        assert torch.allclose(*gradients, atol=1e-7)


@pytest.fixture(params=["gpt2", "llama", "qwen2", "t5 exact", "t5 one pass"])
def predictor_of(request):
    """A function from the kind of mask to a predictor with a random adapter, and a batch."""

    def make(mask, attention):
        family = request.param
        if family.startswith("t5"):
            model, tokenizer = build_pair_model("t5-untied"), build_t5_tokenizer()
            texts = ("Mia has 3 pens. How many has she with 4 more?", "She has 3.\nSo 3 + 4 = 7 pens.", "7")
            question, rationale, answer = texts
            steps = split_steps(rationale, "sentence")
            examples = [encode_pair(question, fill_target(rationale, answer), steps, tokenizer)]
        else:
            model, tokenizer = load_student(request.getfixturevalue(f"tiny_{family}_folder"))
            examples = encoded_examples(tokenizer, 1, longest=120)
        model.set_attn_implementation(attention)
        torch.manual_seed(0)
        more = {"rank": 2, "mask": mask, "pad_id": 0}
        if family.startswith("t5"):
            predictor = EncoderDecoderPredictor(model.double(), one_pass=family == "t5 one pass", **more)
        else:
            predictor = CausalPredictor(model.double(), **more)
        with torch.no_grad():
            for value in predictor.named_trainable().values():
                value.copy_(0.1 * torch.randn(value.shape))
        return predictor, predictor.batch(examples, [prefix_lengths(example, "steps") for example in examples])

    return make


@pytest.mark.parametrize(
    ("mask", "attention"), [("learned", "sdpa"), ("zero", "sdpa"), ("key_bias", "sdpa"), ("key_bias", "eager")]
)
def test_the_gradient_of_the_answer_loss_at_a_mask_is_that_of_finite_differences(predictor_of, mask, attention):
    predictor, batch = predictor_of(mask, attention)
    size = int(batch.rationale_BL.sum())
    width = predictor.embedding.weight.shape[1]
    learned = torch.linspace(-0.5, 0.5, width, dtype=torch.float64) if mask == "learned" else None
    mask_BM = torch.linspace(0.2, 0.9, size, dtype=torch.float64)[None].requires_grad_()

    def loss(values):
        return torch.nn.functional.cross_entropy(predictor.answer_logits(batch, values, learned), batch.targets_N)

    gradient = torch.autograd.grad(loss(mask_BM), mask_BM)[0]
    assert (gradient != 0).all()  # every token of the rationale is in the longest prefix
    direction = gradient.sign()  # against the sign everything would cancel out
    step = 1e-3  # the norms of transformers are float32 whatever the model is
    with torch.no_grad():
        difference = (loss(mask_BM + step * direction) - loss(mask_BM - step * direction)) / (2 * step)
    assert (gradient * direction).sum().item() == pytest.approx(difference.item(), rel=1e-3)
