"""Eq. 5 and 6 as sums, hand-worked."""

from __future__ import annotations

import math

import pytest
import torch

from kpod.token_weighting.losses import Price
from kpod.token_weighting.sums import summed_loss, summed_mask


def test_eq_5_sums_over_prefixes_and_answer_tokens():
    # With two classes and logits (l, 0) the NLL of class 0 is log(1 + e^-l).
    logits = torch.tensor([[0.0, 0.0], [2.0, 0.0], [-1.0, 0.0], [5.0, 0.0]])
    nll = [math.log(2), math.log(1 + math.exp(-2)), math.log(1 + math.exp(-1)), math.log(1 + math.exp(-5))]
    loss = summed_loss(logits, torch.tensor([0, 0, 1, 0]), torch.zeros(4, dtype=torch.bool), 2, 0.0)
    assert loss.item() == pytest.approx(sum(nll) / 2, rel=1e-6)


def test_eq_6_counts_what_the_drawn_mask_keeps():
    mask = torch.tensor([[1.0, 0.0, 1.0], [1.0, 1.0, 1.0]])
    valid = torch.tensor([[True, True, True], [True, True, False]])
    assert summed_mask(mask, valid).item() == (2 + 2) / 2


def test_eq_7_is_their_sum_with_a_fixed_alpha():
    price = Price("fixed", 0.5, tolerance=0.15, rate=0.1, loss_full=1.0, loss_empty=9.0)
    assert price.loss(torch.tensor(3.0), torch.tensor(20.0)).item() == pytest.approx(3 + 0.5 * 20)
