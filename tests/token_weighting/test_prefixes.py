"""One pass over all prefixes gives the logits of separate passes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM

from kpod.preparation import encode_question
from kpod.records import Question
from kpod.students.loading import load_tokenizer
from kpod.students.supervised_logits import logits_at
from kpod.token_weighting.prefixes import build_prefix_batch, prefix_lengths, sampled_lengths

QUESTIONS = (
    Question(
        "a", "Mia has 3 pens and buys 4 more. How many has she?", "7", "She buys 4 pens.\nSo she has 3 + 4 = 7 pens."
    ),
    Question(
        "b", "A box holds 12 eggs. How many do 2 boxes hold?", "24", "Each holds 12. Two boxes: 12 * 2 = 24. Done."
    ),
)


@pytest.fixture(scope="module", params=[(f, a) for f in ("llama", "gpt2", "qwen2") for a in ("sdpa", "eager")])
def student(request):
    family, attention = request.param
    folder = request.getfixturevalue(f"tiny_{family}_folder")
    model = AutoModelForCausalLM.from_pretrained(folder, attn_implementation=attention)
    return model.eval(), load_tokenizer(folder)


def encoded(tokenizer):
    return [encode_question(question, tokenizer, "sentence").encoded for question in QUESTIONS]


def test_step_prefixes_end_where_steps_end_and_the_whole_rationale_is_last(student):
    example = encoded(student[1])[0]
    lengths = prefix_lengths(example, "steps")
    assert len(lengths) == 2 and lengths[-1] == example.num_rationale
    assert list(example.token_steps[: lengths[0]]) == [0] * lengths[0]
    assert example.token_steps[lengths[0]] == 1
    assert prefix_lengths(example, "all") == list(range(1, example.num_rationale + 1))


def test_sampled_prefixes_are_different_ones_and_the_whole_rationale_is_last():
    drawn = [sampled_lengths(30, 4, (0, epoch, 5)) for epoch in range(200)]
    assert all(len(set(lengths)) == 4 and lengths == sorted(lengths) and lengths[-1] == 30 for lengths in drawn)
    # Every other one about as often: 3 of 29 each time.
    counts = np.bincount([length for lengths in drawn for length in lengths[:-1]], minlength=31)
    assert counts[0] == counts[30] == 0 and (counts[1:30] > 5).all() and counts.sum() == 600


def test_sampled_prefixes_hang_on_the_seed_alone():
    assert sampled_lengths(50, 6, (3, 1, 2)) == sampled_lengths(50, 6, (3, 1, 2))
    assert len({tuple(sampled_lengths(50, 6, seed)) for seed in ((3, 1, 2), (3, 2, 2), (3, 1, 1), (4, 1, 2))}) == 4


@pytest.mark.parametrize(("tokens", "count", "expected"), [(1, 4, [1]), (3, 4, [1, 2, 3]), (9, 1, [9])])
def test_short_rationales_have_all_their_prefixes(tokens, count, expected):
    assert sampled_lengths(tokens, count, (0,)) == expected


@pytest.mark.parametrize("mode", ["steps", "all"])
def test_one_pass_equals_separate_passes(student, mode):
    model, tokenizer = student
    examples = encoded(tokenizer)
    prefixes = [prefix_lengths(example, mode) for example in examples]
    batch = build_prefix_batch(examples, prefixes, tokenizer.pad_token_id)
    with torch.no_grad():
        one_pass_NV = logits_at(
            model,
            batch.predicts_BL,
            input_ids=batch.input_ids_BL,
            attention_mask=batch.attention_mask_B1LL,
            position_ids=batch.position_ids_BL,
        )
        separate, targets = [], []
        for example, lengths in zip(examples, prefixes, strict=True):
            answer_start, answer_end = example.answer_positions
            for length in lengths:
                ids = np.concatenate(
                    [
                        example.input_ids[: example.num_question + length],
                        example.input_ids[example.rationale_end : answer_end],
                    ]
                )
                logits_LV = model(input_ids=torch.from_numpy(ids)[None]).logits[0]
                count = answer_end - answer_start
                separate.append(logits_LV[-count - 1 : -1])
                targets.extend(ids[-count:])
    assert (one_pass_NV - torch.cat(separate)).abs().max() < 1e-5
    assert batch.targets_N.tolist() == targets


def test_rows_and_prefixes_of_the_predictions(student):
    examples = encoded(student[1])
    batch = build_prefix_batch(examples, [[2, 5], [3]], 0)
    counts = [example.answer_positions[1] - example.answer_positions[0] for example in examples]
    assert batch.row_N.tolist() == [0] * 2 * counts[0] + [1] * counts[1]
    assert batch.prefix_N.tolist() == [2] * counts[0] + [5] * counts[0] + [3] * counts[1]
    assert batch.rationale_BL.sum(1).tolist() == [example.num_rationale for example in examples]


def test_a_copy_sees_nothing_after_its_prefix(student):
    model, tokenizer = student
    example = encoded(tokenizer)[0]
    batch = build_prefix_batch([example], [[3]], 0)
    changed = batch.input_ids_BL.clone()
    changed[0, example.num_question + 3 : example.rationale_end] = 5
    logits = [
        logits_at(
            model,
            batch.predicts_BL,
            input_ids=ids,
            attention_mask=batch.attention_mask_B1LL,
            position_ids=batch.position_ids_BL,
        )
        for ids in (batch.input_ids_BL, changed)
    ]
    assert torch.equal(*logits)
