"""Losses without logits equal those with them, in value and gradient, and only where nothing else happens to logits."""

from __future__ import annotations

import pytest
import torch
from peft import LoraConfig, get_peft_model
from torch.nn.functional import cross_entropy

from kpod.students import supervised_losses
from kpod.students.supervised_losses import Predicted, predicted_at
from tests.students.test_supervised_logits import CONFIGS, batch, build


def with_adapter(name: str, targets: str | list[str] = "all-linear") -> torch.nn.Module:
    lora = LoraConfig(r=2, target_modules=targets, init_lora_weights=False, task_type="CAUSAL_LM")
    torch.manual_seed(3)
    return get_peft_model(build(name), lora)


def targets_of(mask: torch.Tensor) -> torch.Tensor:
    return torch.arange(int(mask.sum())) * 7 + 3


def gradients(model: torch.nn.Module, losses_N: torch.Tensor) -> list[torch.Tensor]:
    """Of a sum in which every token weighs otherwise."""
    model.zero_grad(set_to_none=True)
    (losses_N * torch.linspace(0.1, 2.0, len(losses_N))).sum().backward()
    return [value.grad.clone() for value in model.parameters() if value.requires_grad]


@pytest.mark.parametrize("name", CONFIGS)
def test_losses_and_gradients_are_those_of_all_logits(name, monkeypatch):
    monkeypatch.setattr(supervised_losses, "ROWS_A_CHUNK", 3)  # 8 rows: the last chunk is not full
    model = with_adapter(name)
    inputs, mask = batch()
    expected_N = cross_entropy(model(**inputs, use_cache=False).logits[mask], targets_of(mask), reduction="none")
    for _ in range(2):  # the second time it is known whether the model does more to its logits
        predicted = predicted_at(model, mask, **inputs)
        losses_N = predicted.losses(targets_of(mask))
        torch.testing.assert_close(losses_N, expected_N, atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(predicted.logits(), model(**inputs, use_cache=False).logits[mask])
    found = gradients(model, losses_N)
    for mine, full in zip(found, gradients(model, expected_N), strict=True):
        torch.testing.assert_close(mine, full, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize(("name", "whole"), [("llama", True), ("gpt2", True), ("gemma2", False), ("granite", False)])
def test_only_a_model_that_leaves_its_logits_alone_goes_without_them(name, whole):
    inputs, mask = batch()
    assert (predicted_at(with_adapter(name), mask, **inputs)._head is not None) == whole


def test_a_trained_output_matrix_keeps_its_logits_and_its_gradient():
    inputs, mask = batch()
    for model in (build("llama"), with_adapter("llama", ["q_proj", "lm_head"])):
        predicted = predicted_at(model, mask, **inputs)
        assert predicted._head is None
        assert all(gradient is not None for gradient in gradients(model, predicted.losses(targets_of(mask))))


def test_no_whole_logits_are_made(monkeypatch):
    """The head sees three rows at a time, of eight, and one more to look what the model does to its logits."""
    rows: list[int] = []
    linear = torch.nn.functional.linear
    monkeypatch.setattr(supervised_losses, "ROWS_A_CHUNK", 3)
    monkeypatch.setattr(
        supervised_losses, "linear", lambda states, *more: (rows.append(len(states)), linear(states, *more))[1]
    )
    model = with_adapter("llama")
    inputs, mask = batch()
    predicted_at(model, mask, **inputs).losses(targets_of(mask))
    assert rows[-3:] == [3, 3, 2] and max(rows) == 3


def test_chosen_logits_have_gradients():
    model = with_adapter("llama")
    inputs, mask = batch()
    predicted = predicted_at(model, mask, **inputs)
    chosen = torch.zeros(8, dtype=torch.bool)
    chosen[[2, 5]] = True
    full = model(**inputs, use_cache=False).logits[mask][chosen]
    torch.testing.assert_close(predicted.logits(chosen), full)
    found = gradients(model, predicted.logits(chosen).log_softmax(-1)[:, 4])
    for mine, whole in zip(found, gradients(model, full.log_softmax(-1)[:, 4]), strict=True):
        torch.testing.assert_close(mine, whole, atol=1e-5, rtol=1e-4)


def test_nothing_supervised_is_no_loss():
    inputs, mask = batch()
    assert (
        predicted_at(with_adapter("llama"), torch.zeros_like(mask), **inputs).losses(torch.empty(0).long()).numel() == 0
    )


def test_half_precision_is_summed_in_single():
    inputs, mask = batch()
    model = with_adapter("llama").to(torch.bfloat16)
    losses_N = predicted_at(model, mask, **inputs).losses(targets_of(mask))
    assert losses_N.dtype == torch.float32
    logits = model(**inputs, use_cache=False).logits[mask].float()
    torch.testing.assert_close(
        losses_N, cross_entropy(logits, targets_of(mask), reduction="none"), atol=2e-2, rtol=1e-2
    )
    assert all(torch.isfinite(each).all() for each in gradients(model, losses_N))


def test_losses_of_given_logits_are_the_cross_entropy():
    logits = torch.randn(3, 5)
    targets = torch.tensor([0, 4, 2])
    expected = cross_entropy(logits, targets, reduction="none")
    assert torch.equal(Predicted(logits).losses(targets), expected)
