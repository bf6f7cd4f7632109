"""Batches: padding, the shift of the labels, and that weight 1 with no given step is transformers' own loss."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from kpod.distillation.batches import Totals, build_batch, passes
from kpod.distillation.objective import Lesson, weighted_loss
from kpod.students.supervised_logits import logits_at
from tests.support.tiny_students import encoded_examples, load_student


@pytest.fixture(scope="module")
def student(tiny_llama_folder):
    return load_student(tiny_llama_folder)


@pytest.fixture(scope="module")
def examples(student):
    return encoded_examples(student[1], 4)


def batch_of(examples, weights=None, input_steps=None, **more):
    """A batch of one text a question."""
    weights, input_steps = weights or [None] * len(examples), input_steps or [0] * len(examples)
    lessons = [[Lesson(*each, **more)] for each in zip(examples, weights, input_steps, strict=True)]
    return build_batch(lessons, 0)


def loss_of(model, batch):
    with torch.no_grad():
        return weighted_loss(batch.predicted(model).losses(batch.targets_N), batch.weights_N).item()


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
    batch = batch_of(examples)
    expected = by_transformers(student[0], examples, [example.num_question for example in examples])
    assert loss_of(student[0], batch) == pytest.approx(expected, rel=1e-6)


def test_given_steps_are_input_and_not_supervised(student, examples):
    given = [1, 0, 2, 99]
    batch = batch_of(examples, None, given)
    firsts = [
        example.num_question + int((example.token_steps < steps).sum())
        for example, steps in zip(examples, given, strict=True)
    ]
    assert firsts[3] == examples[3].rationale_end
    assert loss_of(student[0], batch) == pytest.approx(by_transformers(student[0], examples, firsts), rel=1e-6)
    assert torch.equal(batch.input_ids_BL, batch_of(examples).input_ids_BL)


def test_every_target_is_predicted_one_position_before(examples):
    weights = [np.linspace(0.1, 0.9, example.num_rationale, dtype=np.float32) for example in examples]
    batch = batch_of(examples, weights, [1, 0, 0, 2])
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
    alone = [batch_of([example]) for example in (short, long)]
    together = batch_of([short, long])
    tokens = [len(batch.targets_N) for batch in alone]
    mean = sum(loss_of(student[0], batch) * count for batch, count in zip(alone, tokens, strict=True)) / sum(tokens)
    assert loss_of(student[0], together) == pytest.approx(mean, rel=1e-5)


def test_the_parts_of_a_step_sum_to_the_loss_of_the_whole(student, examples):
    """A mean over each part's own tokens, averaged, would weigh the tokens of short parts more."""
    parts = [batch_of([example]) for example in examples]
    totals = Totals.of(parts)
    assert totals.supervised == len(batch_of(examples).targets_N) and totals.pairs == 0
    assert len({len(part.targets_N) for part in parts}) > 1
    with torch.no_grad():
        summed = sum(
            weighted_loss(part.predicted(student[0]).losses(part.targets_N), part.weights_N, totals.supervised).item()
            for part in parts
        )
    assert summed == pytest.approx(loss_of(student[0], batch_of(examples)), rel=1e-5)
    means = [loss_of(student[0], part) for part in parts]
    assert np.mean(means) != pytest.approx(summed, rel=1e-4)


def test_participation_scales_the_weights_and_not_the_count(student, examples):
    half, whole = batch_of(examples, scale=0.5), batch_of(examples)
    assert torch.equal(half.weights_N, 0.5 * whole.weights_N)
    assert loss_of(student[0], half) == pytest.approx(0.5 * loss_of(student[0], whole), rel=1e-6)


def test_where_the_answers_stand_and_in_which_rows(student, examples):
    batch = batch_of(examples)
    for row, example in enumerate(examples):
        in_row = batch.rows_N == row
        assert int(in_row.sum()) == len(example) - example.num_question
        expected = example.input_ids[slice(*example.answer_positions)]
        assert batch.targets_N[in_row & batch.answers_N].tolist() == expected.tolist()


def test_a_lesson_of_the_answer_alone(examples):
    example = examples[0]
    batch = batch_of([example], answer_only=True)
    assert batch.targets_N.tolist() == example.input_ids[example.answer_positions[0] :].tolist()
    assert batch.weights_N.tolist() == [1.0] * len(batch.targets_N)


def test_two_texts_of_one_group_are_a_pair(examples):
    one, other = Lesson(examples[0]), Lesson(examples[1])
    batch = build_batch([[one], [one, other], [one, Lesson(examples[1], group=1)], [other, one]], 0)
    assert batch.pairs == ((1, 2), (5, 6))
    assert batch.groups_B.tolist() == [0, 0, 0, 0, 1, 0, 0]
    totals = Totals.of([batch, batch])
    assert totals.pairs == 4 and sum(totals.by_group) == totals.supervised == 2 * len(batch.targets_N)
    assert totals.by_group[1] == 2 * (len(examples[1]) - examples[1].num_question)


# What other implementations get wrong, each made here on purpose: the tests above would see it.


def by_hand(model, examples, targets_of):
    """The mean NLL over `targets_of(example)`, (positions, ids), from the logits of every text alone."""
    nlls = []
    for example in examples:
        with torch.no_grad():
            logits = model(input_ids=torch.from_numpy(example.input_ids)[None]).logits[0]
        positions, ids = targets_of(example)
        nlls.append(torch.nn.functional.cross_entropy(logits[positions], torch.tensor(ids), reduction="none"))
    return torch.cat(nlls).mean().item(), [each.mean().item() for each in nlls]


def shifted(by):
    """The supervised tokens, predicted `by` positions before they stand."""

    def targets_of(example):
        places = np.arange(example.num_question, len(example))
        return places - by, example.input_ids[places].tolist()

    return targets_of


def test_labels_are_shifted_once(student, examples):
    """Not at all, or twice (as by a shift here and another in the model), is another loss."""
    ours = loss_of(student[0], batch_of(examples))
    assert ours == pytest.approx(by_hand(student[0], examples, shifted(1))[0], rel=1e-5)
    for wrong in (0, 2):
        assert ours != pytest.approx(by_hand(student[0], examples, shifted(wrong))[0], rel=1e-3)


def test_padding_is_not_supervised(student, examples):
    """Padding as a target, or in the number that divides, is another loss."""
    batch = batch_of(examples)
    ours = loss_of(student[0], batch)
    padding = int((batch.attention_mask_BL == 0).sum())
    assert padding > 0 and len(batch.targets_N) == sum(len(each) - each.num_question for each in examples)
    assert ours != pytest.approx(ours * len(batch.targets_N) / (len(batch.targets_N) + padding), rel=1e-3)
    labels = batch.input_ids_BL.clone()  # all that is no question is supervised, the padding too
    for row, example in enumerate(examples):
        labels[row, : example.num_question] = -100
    with torch.no_grad():
        wrong = student[0](input_ids=batch.input_ids_BL, attention_mask=batch.attention_mask_BL, labels=labels).loss
    assert ours != pytest.approx(wrong.item(), rel=1e-4)


def test_the_mean_is_over_tokens_and_not_over_texts_or_weights(student, examples):
    """A mean of the texts' means, or a division by the sum of the weights, is another loss."""
    whole, means = by_hand(student[0], examples, shifted(1))
    ours = loss_of(student[0], batch_of(examples))
    assert ours == pytest.approx(whole, rel=1e-5) != pytest.approx(np.mean(means), rel=1e-4)
    weights = [np.full(example.num_rationale, 0.25, dtype=np.float32) for example in examples]
    batch = batch_of(examples, weights)
    with torch.no_grad():
        logits = logits_at(
            student[0], batch.predicts_BL, input_ids=batch.input_ids_BL, attention_mask=batch.attention_mask_BL
        )
    nll = torch.nn.functional.cross_entropy(logits, batch.targets_N, reduction="none")
    by_tokens = ((batch.weights_N * nll).sum() / len(nll)).item()
    by_weights = ((batch.weights_N * nll).sum() / batch.weights_N.sum()).item()
    assert loss_of(student[0], batch) == pytest.approx(by_tokens, rel=1e-5) != pytest.approx(by_weights, rel=1e-2)


@pytest.mark.parametrize(
    ("most_questions", "most_tokens", "sizes"),
    [(4, None, [4, 2]), (3, None, [3, 3]), (8, 20, [2, 2, 1, 1]), (8, 1, [1] * 6), (1, 100, [1] * 6), (8, 60, [5, 1])],
)
def test_a_step_is_cut_into_passes_by_questions_and_by_tokens_with_padding(most_questions, most_tokens, sizes):
    lessons = [[SimpleNamespace(example=range(length))] for length in (8, 9, 10, 10, 12, 25)]
    parts = list(passes(lessons, most_questions, most_tokens))
    assert [len(part) for part in parts] == sizes
    assert [question for part in parts for question in part] == lessons
    assert list(passes([], most_questions, most_tokens)) == []


def test_the_texts_of_a_question_stay_in_one_pass():
    pair = [SimpleNamespace(example=range(10))] * 2
    assert [len(part) for part in passes([pair, pair, pair], 8, 40)] == [2, 1]


def test_nothing_of_a_text_is_cut_off(student):
    """The longest text of a batch is in it to its end token, however long: too long ones are left out before."""
    longest = max(encoded_examples(student[1], 60), key=len)
    short = encoded_examples(student[1], 1)[0]
    batch = batch_of([short, longest])
    assert batch.input_ids_BL[1].tolist() == longest.input_ids.tolist()
    assert batch.targets_N[batch.rows_N == 1].tolist() == longest.input_ids[longest.num_question :].tolist()
    assert batch.targets_N[-1] == student[1].eos_token_id


def test_given_steps_are_a_count_and_not_an_index(examples):
    """With two steps given the third is the first that is taught: `steps[c + 1:]` would skip it."""
    example = next(each for each in examples if each.token_steps.max() >= 2)
    batch = batch_of([example], None, [2])
    expected = example.input_ids[example.num_question :][: example.num_rationale][example.token_steps >= 2].tolist()
    assert batch.targets_N.tolist()[: len(expected)] == expected


def test_weights_go_with_their_tokens_when_steps_are_given(examples):
    """Weights sliced from the rationale's start would give the first tokens' weights to later steps."""
    example = next(each for each in examples if each.token_steps.max() >= 1)
    weights = np.linspace(0.1, 0.9, example.num_rationale, dtype=np.float32)
    batch = batch_of([example], [weights], [1])
    taught = example.token_steps >= 1
    assert batch.weights_N[: taught.sum()].tolist() == weights[taught].tolist() != weights[: taught.sum()].tolist()
