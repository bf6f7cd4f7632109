"""Batches: padding, the shift of the labels, and that weight 1 with no given step is transformers' own loss."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from kpod.distillation.batches import build_batch
from kpod.distillation.objective import weighted_loss
from kpod.students.supervised_logits import logits_at
from tests.support.tiny_students import encoded_examples, load_student


@pytest.fixture(scope="module")
def student(tiny_llama_folder):
    return load_student(tiny_llama_folder)


@pytest.fixture(scope="module")
def examples(student):
    return encoded_examples(student[1], 4)


def loss_of(model, batch):
    with torch.no_grad():
        logits_NV = logits_at(
            model, batch.predicts_BL, input_ids=batch.input_ids_BL, attention_mask=batch.attention_mask_BL
        )
        return weighted_loss(logits_NV, batch.targets_N, batch.weights_N).item()


def by_transformers(model, examples, first_labels):
    """The mean loss that transformers gives for the tokens from `first_labels[i]` on, padding ignored."""
    size = max(map(len, examples))
    ids = torch.full((len(examples), size), 0)
    attended, labels = torch.zeros_like(ids), torch.full_like(ids, -100)
    for row, (example, first) in enumerate(zip(examples, first_labels, strict=True)):
        length = len(example)
        ids[row, :length] = torch.from_numpy(example.input_ids)
        attended[row, :length] = 1
        labels[row, first:length] = ids[row, first:length]
    with torch.no_grad():
        return model(input_ids=ids, attention_mask=attended, labels=labels).loss.item()


def test_weight_1_and_no_given_step_is_transformers_own_mean_loss(student, examples):
    batch = build_batch(examples, [None] * 4, [0] * 4, [1.0] * 4, 0)
    expected = by_transformers(student[0], examples, [example.num_question for example in examples])
    assert loss_of(student[0], batch) == pytest.approx(expected, rel=1e-6)


def test_given_steps_are_input_and_not_supervised(student, examples):
    given = [1, 0, 2, 99]
    batch = build_batch(examples, [None] * 4, given, [1.0] * 4, 0)
    firsts = [
        example.num_question + int((example.token_steps < steps).sum())
        for example, steps in zip(examples, given, strict=True)
    ]
    assert firsts[3] == examples[3].rationale_end
    assert loss_of(student[0], batch) == pytest.approx(by_transformers(student[0], examples, firsts), rel=1e-6)
    assert torch.equal(batch.input_ids_BL, build_batch(examples, [None] * 4, [0] * 4, [1.0] * 4, 0).input_ids_BL)


def test_every_target_is_predicted_one_position_before(examples):
    weights = [np.linspace(0.1, 0.9, example.num_rationale, dtype=np.float32) for example in examples]
    batch = build_batch(examples, weights, [1, 0, 0, 2], [1.0] * 4, 0)
    rows, positions = torch.nonzero(batch.predicts_BL, as_tuple=True)
    assert torch.equal(batch.input_ids_BL[rows, positions + 1], batch.targets_N)
    for row, position, weight in zip(rows.tolist(), positions.tolist(), batch.weights_N.tolist(), strict=True):
        example, target = examples[row], position + 1
        inside = target < example.rationale_end
        assert weight == pytest.approx(weights[row][target - example.num_question] if inside else 1.0)
    assert (batch.attention_mask_BL.sum(1) == torch.tensor([len(example) for example in examples])).all()
    assert not (batch.predicts_BL & (batch.attention_mask_BL == 0)).any()


def test_padding_makes_no_difference(student, examples):
    short, long = sorted(examples, key=len)[:: len(examples) - 1]
    assert len(short) < len(long)
    alone = [build_batch([example], [None], [0], [1.0], 0) for example in (short, long)]
    together = build_batch([short, long], [None] * 2, [0] * 2, [1.0] * 2, 0)
    tokens = [len(batch.targets_N) for batch in alone]
    mean = sum(loss_of(student[0], batch) * count for batch, count in zip(alone, tokens, strict=True)) / sum(tokens)
    assert loss_of(student[0], together) == pytest.approx(mean, rel=1e-5)


def test_a_question_without_participation_takes_no_part(student, examples):
    both = build_batch(examples[:2], [None] * 2, [0, 0], [1.0, 0.0], 0)
    alone = build_batch(examples[:1], [None], [0], [1.0], 0)
    assert torch.equal(both.targets_N, alone.targets_N)
    assert loss_of(student[0], both) == pytest.approx(loss_of(student[0], alone), rel=1e-5)
    none = build_batch(examples[:1], [None], [0], [0.0], 0)
    assert len(none.targets_N) == len(none.weights_N) == 0
