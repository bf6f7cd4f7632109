"""The weight generator and its mask (Eq. 2 to 4), hand-worked."""

from __future__ import annotations

import math

import pytest
import torch

from kpod.token_weighting.model import WeightGenerator, gumbel_sigmoid, masked_embeddings


def embeddings(rows=2, tokens=5, width=8, seed=0):
    return torch.randn(rows, tokens, width, generator=torch.Generator().manual_seed(seed))


@pytest.fixture
def generator():
    torch.manual_seed(0)
    return WeightGenerator(8, logit_bound=4.0)


def test_it_starts_by_keeping_most(generator):
    weights = torch.sigmoid(generator(embeddings(), torch.ones(2, 5, dtype=torch.bool)))
    # bound * tanh(1 / bound) = .98, and sigmoid(.98) = .727
    assert weights.shape == (2, 5)
    assert torch.allclose(weights, torch.full((2, 5), 0.727), atol=0.04)


def test_eq_2_by_hand():
    # Embeddings (1, 0) and (0, 1) are (1, -1) and (-1, 1) after the norm; every matrix is the identity. A token's score
    # on itself is 2 / sqrt 2, on the other -2 / sqrt 2, so it attends to itself with a = 1 / (1 + exp(-4 / sqrt 2)).
    generator = WeightGenerator(2, num_heads=1, logit_bound=1e6)
    with torch.no_grad():
        generator.attention.in_proj_weight.copy_(torch.eye(2).repeat(3, 1))
        generator.attention.out_proj.weight.copy_(torch.eye(2))
        generator.mlp[0].weight.copy_(torch.eye(2))
        generator.mlp[0].bias.zero_()
        generator.mlp[2].weight.copy_(torch.tensor([[1.0, 2.0]]))
        generator.mlp[2].bias.fill_(-0.5)
        weights = torch.sigmoid(generator(torch.eye(2)[None], torch.ones(1, 2, dtype=torch.bool)))[0]
    both = 2 / (1 + math.exp(-4 / math.sqrt(2)))  # a - (1 - a), and 1 of the token itself: 2a

    def gelu(value):
        return value * 0.5 * (1 + math.erf(value / math.sqrt(2)))

    logits = [gelu(both) + 2 * gelu(-both) - 0.5, gelu(-both) + 2 * gelu(both) - 0.5]
    assert weights.tolist() == pytest.approx([1 / (1 + math.exp(-logit)) for logit in logits], abs=1e-4)


def test_logits_stay_within_the_bound_and_keep_a_gradient(generator):
    with torch.no_grad():
        generator.mlp[2].bias.fill_(9.0)
    logits = generator(embeddings(), torch.ones(2, 5, dtype=torch.bool))
    assert (logits < 4.0).all() and torch.allclose(logits, torch.full((2, 5), 4 * math.tanh(9 / 4)), atol=0.02)
    logits.sum().backward()
    assert generator.mlp[2].bias.grad.abs() > 0.01  # beyond a hard clamp it would be 0


def test_padding_changes_nothing(generator):
    short = embeddings(1, 3)
    padded = torch.cat([short, 100 * embeddings(1, 2, seed=1)], dim=1)
    valid = torch.tensor([[True, True, True, False, False]])
    alone = generator(short, torch.ones(1, 3, dtype=torch.bool))
    assert torch.allclose(generator(padded, valid)[:, :3], alone, atol=1e-6)


def test_a_tokens_weight_depends_on_the_others(generator):
    whole = torch.ones(1, 5, dtype=torch.bool)
    one, other = embeddings(1), embeddings(1)
    other[0, 4] += 3 * torch.randn(8, generator=torch.Generator().manual_seed(5))
    assert not torch.equal(generator(one, whole)[0, 0], generator(other, whole)[0, 0])


@pytest.fixture
def with_context():
    torch.manual_seed(0)
    generator = WeightGenerator(8, logit_bound=1e6, context_bound=1.5)
    with torch.no_grad():
        generator.context.mlp[2].weight.mul_(300)  # a score that has been learned; at the start it is near 0
    return generator.eval()


def test_equal_tokens_differ_by_their_place_and_neighbours_alone(generator, with_context):
    tokens = embeddings(1, 3)[:, [0, 1, 2, 0, 2]]  # two tokens once more
    whole = torch.ones(1, 5, dtype=torch.bool)
    plain, graded = generator(tokens, whole)[0].detach(), with_context(tokens, whole)[0].detach()
    assert plain[2].item() == pytest.approx(plain[4].item(), abs=1e-6)  # attention over embeddings knows no order
    assert abs(graded[2] - graded[4]) > 1


def test_context_moves_a_logit_by_at_most_its_bound(with_context):
    tokens, whole = embeddings(1, 40), torch.ones(1, 40, dtype=torch.bool)
    context, with_context.context = with_context.context, None
    moved = context(tokens, whole).tanh() * 1.5
    without = with_context(tokens, whole)
    with_context.context = context
    assert torch.allclose(with_context(tokens, whole), without + moved, atol=1e-5)
    assert 0.5 < moved.abs().max() <= 1.5


def test_a_class_at_its_bound_is_still_graded(with_context):
    with torch.no_grad():
        with_context.mlp[2].bias.fill_(1e9)  # as digits soon are; within the one bound all would be equal
    with_context.logit_bound = 4.0
    logits = with_context(embeddings(1, 40), torch.ones(1, 40, dtype=torch.bool))
    assert logits.std() > 0.3 and (logits >= 4.0 - 1.5).all() and (logits <= 4.0 + 1.5).all()


def test_padding_changes_no_context(with_context):
    short = embeddings(1, 3)
    padded = torch.cat([short, 100 * embeddings(1, 4, seed=1)], dim=1)
    valid = torch.tensor([[True] * 3 + [False] * 4])
    alone = with_context(short, torch.ones(1, 3, dtype=torch.bool))
    assert torch.allclose(with_context(padded, valid)[:, :3], alone, atol=1e-5)


@pytest.mark.parametrize("width", [1, 6, 7, 30, 576])
def test_any_width_has_heads_that_divide_it(width):
    assert WeightGenerator(width)(embeddings(1, 2, width), torch.ones(1, 2, dtype=torch.bool)).shape == (1, 2)


def noise_of(seed, shape=(4,)):
    uniform = torch.rand(shape, generator=torch.Generator().manual_seed(seed)).clamp(1e-6, 1 - 1e-6)
    return torch.log(uniform / (1 - uniform))


def test_a_soft_sample_is_the_closed_form_of_eq_3():
    logits = torch.tensor([-2.0, 0.0, 1.0, 3.0])
    sample = gumbel_sigmoid(logits, 0.5, generator=torch.Generator().manual_seed(3))
    assert torch.allclose(sample, torch.sigmoid((logits + noise_of(3)) / 0.5), atol=1e-5)


def test_the_noise_is_the_difference_of_two_gumbel_variables():
    # So that the relaxation is the two-class Gumbel-Softmax of [l, 0], as torch would draw it.
    count = 200_000
    torch.manual_seed(0)
    two_classes = torch.nn.functional.gumbel_softmax(torch.tensor([1.0, 0.0]).expand(count, 2), tau=0.7)[:, 0]
    closed = gumbel_sigmoid(torch.full((count,), 1.0), 0.7, generator=torch.Generator().manual_seed(0))
    for share in (0.05, 0.25, 0.5, 0.75, 0.95):
        assert closed.quantile(share).item() == pytest.approx(two_classes.quantile(share).item(), abs=0.01)


@pytest.mark.parametrize("logit", [-3.0, -0.5, 0.0, 2.0])
def test_the_mean_of_samples_is_the_probability_as_the_temperature_falls(logit):
    logits = torch.full((100_000,), logit)
    probability = torch.sigmoid(logits[0]).item()
    for temperature, hard in ((0.01, False), (0.5, True)):
        sample = gumbel_sigmoid(logits, temperature, hard=hard, generator=torch.Generator().manual_seed(1))
        assert sample.mean().item() == pytest.approx(probability, abs=0.006)


def test_a_hard_sample_is_0_or_1_with_the_gradient_of_the_soft_one():
    logits = torch.linspace(-3, 3, 50, requires_grad=True)
    scale = torch.linspace(1, 2, 50)
    gradients, values = [], []
    for hard in (False, True):
        sample = gumbel_sigmoid(logits, 0.5, hard=hard, generator=torch.Generator().manual_seed(2))
        gradients.append(torch.autograd.grad((scale * sample).sum(), logits)[0])
        values.append(sample.detach())
    assert set(values[1].tolist()) == {0.0, 1.0}
    assert torch.equal(values[1], (values[0] > 0.5).float())
    assert torch.equal(*gradients)


def test_extreme_logits_give_finite_samples_and_gradients():
    logits = torch.tensor([-100.0, 100.0], requires_grad=True)
    sample = gumbel_sigmoid(logits, 0.1, generator=torch.Generator().manual_seed(0))
    assert sample.tolist() == [0.0, 1.0]
    sample.sum().backward()
    assert torch.isfinite(logits.grad).all()


def test_a_masked_token_goes_over_into_the_learned_one():
    tokens = torch.tensor([[[2.0, 4.0], [1.0, 1.0], [3.0, -1.0]]])
    mask = torch.tensor([[1.0, 0.0, 0.25]])
    learned = torch.tensor([10.0, 20.0])
    # .25 * (3, -1) + .75 * (10, 20)
    expected = torch.tensor([[[2.0, 4.0], [10.0, 20.0], [8.25, 14.75]]])
    assert torch.equal(masked_embeddings(tokens, mask, learned), expected)
    assert torch.equal(masked_embeddings(tokens, mask, None), mask[..., None] * tokens)
