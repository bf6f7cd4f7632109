"""SCOTT: which tokens of which text are taught, and its loss as the sum of two means."""

from __future__ import annotations

import pytest
import torch

from kpod.distillation.batches import Totals, build_batch
from kpod.distillation.counterfactual import CounterfactualObjective
from tests.support.tiny_students import encoded_examples, load_student


@pytest.fixture(scope="module")
def student(tiny_llama_folder):
    return load_student(tiny_llama_folder)


@pytest.fixture(scope="module")
def examples(student):
    return encoded_examples(student[1], 4)


def losses(model, batch):
    with torch.no_grad():
        predicted = batch.predicted(model)
        return predicted, torch.nn.functional.cross_entropy(predicted.logits(), batch.targets_N, reduction="none")


def test_the_loss_is_the_sum_of_a_factual_and_a_counterfactual_mean(student, examples):
    model, objective = student[0], CounterfactualObjective(examples[:2], [None, examples[2]])
    lessons = [objective.lessons(question, 1, 0) for question in (0, 1)]
    assert [len(each) for each in lessons] == [1, 2]
    batch = build_batch(lessons, 0)
    predicted, nll = losses(model, batch)
    counterfactual = batch.rows_N == 2
    # Of the counterfactual text the answer, the full stop and the end are taught, of the others all but the question.
    expected = examples[2].input_ids[examples[2].answer_positions[0] :]
    assert batch.targets_N[counterfactual].tolist() == expected.tolist()
    assert int((~counterfactual).sum()) == sum(len(each) - each.num_question for each in examples[:2])
    found = objective.loss(predicted, batch, Totals.of([batch])).item()
    assert found == pytest.approx((nll[~counterfactual].mean() + nll[counterfactual].mean()).item(), rel=1e-5)
    assert batch.pairs == ()
    parts = [build_batch(lessons[:1], 0), build_batch(lessons[1:], 0)]
    totals = Totals.of(parts)
    summed = sum(objective.loss(losses(model, part)[0], part, totals).item() for part in parts)
    assert summed == pytest.approx(found, rel=1e-5)


def test_lengths_are_those_of_the_longest_text(examples):
    objective = CounterfactualObjective(examples[:2], [examples[3], None])
    assert objective.lengths == [max(len(examples[0]), len(examples[3])), len(examples[1])]
