"""Distillation of encoder-decoder students: the loss, given steps on either side, answers alone, and exact resumes."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from kpod.distillation.batches import Totals, build_batch
from kpod.distillation.lessons import RationaleObjective
from kpod.distillation.objective import Lesson, supervision
from kpod.errors import RunCancelled
from kpod.prompt_pairs import EncodedPair, encode_pair_answer_only
from tests.support.tiny_students import encoded_examples, load_student
from tests.support.tiny_trainings import ALL_STEPS, Recorder, adapter, distillation, options

# Encoder 3 tokens and its end; decoder: rationale of 5 tokens in steps 0 0 1 1 2, then a suffix of 3.
HAND_MADE = EncodedPair(
    input_ids=np.arange(10, 22),
    num_question=4,
    num_rationale=5,
    token_spans=np.zeros((5, 2), dtype=np.int64),
    token_steps=np.array([0, 0, 1, 1, 2]),
    answer_positions=(10, 11),
    num_encoder=4,
    num_encoder_end=1,
    num_begin=0,
)
WEIGHTS = np.array([0.1, 0.2, 0.3, 0.4, 0.5], dtype=np.float32)


@pytest.fixture(scope="module")
def pairs(tiny_t5_untied_folder):
    return encoded_examples(load_student(tiny_t5_untied_folder)[1], 5, longest=120, family="encoder_decoder")


@pytest.mark.parametrize(
    ("given_in_encoder", "read", "written", "predicts"),
    [
        (False, [10, 11, 12, 13], list(range(14, 22)), [0, 0, 1, 1, 1, 1, 1, 1]),
        (True, [10, 11, 12, 14, 15, 13], list(range(16, 22)), [1, 1, 1, 1, 1, 1]),
    ],
)
def test_one_given_step_by_hand(given_in_encoder, read, written, predicts):
    """The same tokens with the same weights are supervised, wherever the given step stands."""
    lesson = Lesson(HAND_MADE, WEIGHTS, num_input_steps=1)
    batch = build_batch([[lesson]], 0, given_in_encoder=given_in_encoder)
    assert batch.input_ids_BL.tolist() == [read] and batch.decoder_ids_BT.tolist() == [written]
    assert batch.predicts_BL.int().tolist() == [predicts]
    assert batch.targets_N.tolist() == [16, 17, 18, 19, 20, 21]
    assert batch.weights_N.tolist() == pytest.approx([0.3, 0.4, 0.5, 1, 1, 1])
    assert batch.answers_N.tolist() == [False, False, False, False, True, False]
    assert supervision(HAND_MADE, WEIGHTS, 1).tolist() == pytest.approx([0] * 6 + [0.3, 0.4, 0.5, 1, 1, 1])


def test_rows_of_different_given_steps_are_padded_apart():
    lessons = [[Lesson(HAND_MADE, WEIGHTS, given)] for given in (0, 2)]
    batch = build_batch(lessons, 0, given_in_encoder=True)
    assert batch.attention_mask_BL.sum(1).tolist() == [4, 8]
    assert batch.decoder_ids_BT.tolist() == [list(range(14, 22)), [18, 19, 20, 21, 0, 0, 0, 0]]
    assert batch.predicts_BL.sum(1).tolist() == [8, 4] and batch.rows_N.tolist() == [0] * 8 + [1] * 4


@pytest.mark.parametrize("in_encoder", [False, True])
def test_weight_1_and_no_given_step_is_the_plain_loss_of_t5(tiny_t5_untied_folder, pairs, in_encoder):
    """And a weight that is not 1 is not: the loss is divided by the number of tokens, whatever they weigh."""
    model, _ = load_student(tiny_t5_untied_folder)
    batch = build_batch([[Lesson(pair)] for pair in pairs], 0, given_in_encoder=in_encoder)
    objective, totals = RationaleObjective(pairs, [None] * len(pairs)), Totals.of([batch])
    labels = batch.decoder_ids_BT.masked_fill(batch.decoder_ids_BT == 0, -100)
    plain = model(input_ids=batch.input_ids_BL, attention_mask=batch.attention_mask_BL, labels=labels).loss
    ours = objective.loss(batch.predicted(model), batch, totals)
    assert ours.item() == pytest.approx(plain.item(), rel=1e-6)
    halved = [[Lesson(pair, np.full(pair.num_rationale, 0.5, dtype=np.float32))] for pair in pairs]
    weighted = build_batch(halved, 0, given_in_encoder=in_encoder)
    loss = objective.loss(weighted.predicted(model), weighted, totals).item()
    assert 0.5 * plain.item() < loss < plain.item()


def test_an_answer_alone(tiny_t5_folder):
    _, tokenizer = load_student(tiny_t5_folder)
    pair = encode_pair_answer_only("How many?", "12", tokenizer)
    batch = build_batch([[Lesson(pair)]], 0)
    assert batch.targets_N.tolist() == pair.decoder_ids.tolist() and (batch.weights_N == 1).all()


def test_where_given_steps_stand_changes_what_is_learned(tiny_t5_untied_folder, pairs):
    """While steps are given, the first two of three epochs; nothing else differs, not even the supervised tokens."""
    rows = []
    for given_steps in ("decoder_prefix", "encoder_input"):
        reporter = Recorder()
        training = distillation(
            tiny_t5_untied_folder, pairs, options=options(given_steps=given_steps), reporter=reporter
        )
        training.run()
        rows.append(reporter.rows)
    prefix, encoder = rows
    assert [row["supervised_tokens"] for row in prefix] == [row["supervised_tokens"] for row in encoder]
    assert prefix[0]["loss"] != pytest.approx(encoder[0]["loss"], rel=1e-4)


@pytest.mark.parametrize("stop_after", [1, 4])
def test_an_interrupted_training_ends_where_the_uninterrupted_did(tmp_path, tiny_t5_untied_folder, pairs, stop_after):
    """With T5's own dropout at work."""
    chosen = options(given_steps="encoder_input")
    whole = Recorder()
    training = distillation(tiny_t5_untied_folder, pairs, options=chosen, reporter=whole)
    history = training.run()
    first = Recorder(stop_after)
    with pytest.raises(RunCancelled, match=f"after step {stop_after} of {ALL_STEPS}"):
        distillation(tiny_t5_untied_folder, pairs, options=chosen, checkpoints=tmp_path, reporter=first).run()
    second = Recorder()
    resumed = distillation(tiny_t5_untied_folder, pairs, options=chosen, checkpoints=tmp_path, reporter=second)
    again = resumed.run()
    expected = adapter(training)
    assert all(torch.equal(value, expected[name]) for name, value in adapter(resumed).items())
    assert first.rows + second.rows == whole.rows
    assert all(
        np.array_equal(one, other) for a, b in zip(history, again, strict=True) for one, other in zip(a, b, strict=True)
    )
