"""MCC-KD: its divergence by hand, its pairs, and its loss as cross-entropy plus the mean over pairs."""

from __future__ import annotations

import math

import pytest
import torch

from kpod.distillation.batches import Totals, build_batch
from kpod.distillation.consistency import ConsistencyObjective, symmetric_divergence
from kpod.distillation.objective import weighted_loss
from kpod.preparation import encode_question
from kpod.records import Question
from tests.support.tiny_students import load_student


@pytest.fixture(scope="module")
def student(tiny_llama_folder):
    return load_student(tiny_llama_folder)


def encoded(tokenizer, rationale, answer="7", text="Mia has 3 pens and buys 4. How many?"):
    return encode_question(Question("q", text, answer, rationale), tokenizer, "sentence").encoded


@pytest.fixture(scope="module")
def texts(student):
    first = [encoded(student[1], text) for text in ("3 + 4 = 7 pens.", "4 and 3. So 7.", "She has 7 in all.")]
    second = [encoded(student[1], text, "12", "Six and six?") for text in ("6 + 6 = 12.", "Twice 6 is 12 in total.")]
    return [first, second, [encoded(student[1], "5 + 4 = 9 pens.", "9", "Five and four?")]]


def test_the_divergence_by_hand():
    first = torch.tensor([[0.0, 0.0], [math.log(3.0), 0.0]])  # P: (1/2, 1/2), (3/4, 1/4)
    second = torch.tensor([[math.log(3.0), 0.0], [math.log(3.0), 0.0]])  # Q: (3/4, 1/4), the same
    forward = 0.5 * math.log(0.5 / 0.75) + 0.5 * math.log(0.5 / 0.25)
    backward = 0.75 * math.log(0.75 / 0.5) + 0.25 * math.log(0.25 / 0.5)
    expected = ((forward + backward) / 2 + 0.0) / 2  # the mean over two tokens
    assert symmetric_divergence(first, second).item() == pytest.approx(expected, rel=1e-5)
    assert symmetric_divergence(second, first).item() == pytest.approx(expected, rel=1e-5)
    assert symmetric_divergence(first, first).item() == 0.0


def test_pairs_are_drawn_anew_every_epoch_and_the_same_after_a_resume(texts):
    def drawn(epoch, seed=0):
        lessons = ConsistencyObjective(texts, seed).lessons(0, epoch, 0)
        return tuple([text is lesson.example for text in texts[0]].index(True) for lesson in lessons)

    pairs = [drawn(epoch) for epoch in range(1, 30)]
    assert all(len(set(pair)) == 2 for pair in pairs) and len({frozenset(pair) for pair in pairs}) == 3
    assert pairs == [drawn(epoch) for epoch in range(1, 30)] != [drawn(epoch, 1) for epoch in range(1, 30)]
    assert len(ConsistencyObjective(texts, 0).lessons(2, 1, 0)) == 1


def test_the_loss_is_cross_entropy_and_the_mean_divergence_of_the_pairs(student, texts):
    model, objective = student[0], ConsistencyObjective(texts, 0, alpha=0.5)
    lessons = [objective.lessons(question, 1, 0) for question in range(3)]
    batch = build_batch(lessons, 0)
    with torch.no_grad():
        predicted = batch.predicted(model)
        loss = objective.loss(predicted, batch, Totals.of([batch])).item()
        apart = []
        for pair in lessons[:2]:
            at_answer = []
            for lesson in pair:
                start, end = lesson.example.answer_positions
                whole = model(input_ids=torch.from_numpy(lesson.example.input_ids)[None]).logits[0]
                at_answer.append(whole[start - 1 : end - 1])
            p, q = (logits_AV.softmax(-1) for logits_AV in at_answer)
            apart.append((0.5 * ((p * (p / q).log()).sum(-1) + (q * (q / p).log()).sum(-1))).mean().item())
        taught = weighted_loss(predicted.losses(batch.targets_N), batch.weights_N).item()
    assert batch.pairs == ((0, 1), (2, 3)) and min(apart) > 1e-4
    assert loss == pytest.approx(taught + 0.5 * sum(apart) / 2, rel=1e-5)
    # In two parts of a step, each its share.
    parts = [build_batch(lessons[:1], 0), build_batch(lessons[1:], 0)]
    totals = Totals.of(parts)
    with torch.no_grad():
        shares = [objective.loss(part.predicted(model), part, totals).item() for part in parts]
    assert sum(shares) == pytest.approx(loss, rel=1e-5)
