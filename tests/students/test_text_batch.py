"""One batch for both families: transformers' own loss on the same texts, the shift done once, padding of no weight."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from kpod.prompt_pairs import EncodedPair
from kpod.students.encoder_decoder import decoder_start_id, is_encoder_decoder, shifted_right
from kpod.students.text_batch import build_text_batch
from tests.support.tiny_models import VOCABULARY_SIZE
from tests.support.tiny_students import encoded_examples, load_student

CAUSAL, PAIRS = ("llama", "qwen2", "qwen3", "gpt2"), ("t5", "t5_untied", "bart")


def student_and_examples(request, family):
    model, tokenizer = load_student(request.getfixturevalue(f"tiny_{family}_folder"))
    kind = "encoder_decoder" if family in PAIRS else "decoder_only"
    return model, tokenizer.pad_token_id, encoded_examples(tokenizer, 3, longest=150, family=kind)


def everything_behind_the_question(example):
    return np.arange(len(example)) >= example.num_question


def plain_loss(model, example, targets):
    """What transformers makes of one text with labels, untouched by us."""
    labels = np.where(targets, example.input_ids, -100)
    if not isinstance(example, EncodedPair):
        return model(input_ids=torch.tensor(example.input_ids)[None], labels=torch.tensor(labels)[None]).loss
    # It fills the -100 in with padding on the decoder's side, so what is not supervised is put there by hand.
    written = torch.tensor(example.decoder_ids)[None]
    return model(
        input_ids=torch.tensor(example.encoder_ids)[None],
        decoder_input_ids=model.prepare_decoder_input_ids_from_labels(written),
        labels=torch.tensor(labels[example.num_encoder :])[None],
    ).loss


@pytest.mark.parametrize("family", CAUSAL + PAIRS)
@torch.no_grad()
def test_the_mean_over_the_targets_is_the_plain_loss_of_transformers(request, family):
    model, pad_id, examples = student_and_examples(request, family)
    targets = [everything_behind_the_question(example) for example in examples]
    lengths = {len(example) for example in examples}
    assert len(lengths) > 1  # so that there is padding
    batch = build_text_batch(examples, targets, pad_id)
    loss = torch.nn.functional.cross_entropy(batch.predicted(model).logits(), batch.targets_N)
    counts = [int(row.sum()) for row in targets]
    alone = [plain_loss(model, *pair).item() * count for *pair, count in zip(examples, targets, counts, strict=True)]
    assert loss.item() == pytest.approx(sum(alone) / sum(counts), rel=1e-5)
    assert batch.num_tokens == sum(len(example) for example in examples)


@pytest.mark.parametrize("family", ["t5", "t5_untied"])
@torch.no_grad()
def test_a_whole_pair_is_exactly_what_labels_give(request, family):
    """T5 on question and target as anyone trains it, in one padded batch with padding ignored."""
    model, pad_id, examples = student_and_examples(request, family)
    targets = [everything_behind_the_question(example) for example in examples]
    batch = build_text_batch(examples, targets, pad_id)
    labels = batch.decoder_ids_BT.masked_fill(batch.decoder_ids_BT == pad_id, -100)
    own = model(input_ids=batch.input_ids_BL, attention_mask=batch.attention_mask_BL, labels=labels).loss
    ours = torch.nn.functional.cross_entropy(batch.predicted(model).logits(), batch.targets_N)
    assert ours.item() == pytest.approx(own.item(), rel=1e-6)
    assert model.config.scale_decoder_outputs == (family == "t5")


def test_the_decoder_is_shifted_once_by_hand(request):
    model, _, (example, *_) = student_and_examples(request, "t5")
    batch = build_text_batch([example], [everything_behind_the_question(example)], 0)
    assert batch.input_ids_BL.tolist() == [example.encoder_ids.tolist()]
    assert batch.decoder_ids_BT.tolist() == [example.decoder_ids.tolist()]
    read = shifted_right(batch.decoder_ids_BT, decoder_start_id(model))
    assert read.tolist() == [[0, *example.decoder_ids[:-1]]] and is_encoder_decoder(model)
    assert batch.predicts_BL.all() and batch.targets_N.tolist() == example.decoder_ids.tolist()
    assert shifted_right(torch.tensor([[7, 8, 9], [5, 6, 0]]), 2).tolist() == [[2, 7, 8], [2, 5, 6]]


def test_barts_first_token_is_read_and_never_supervised(request):
    model, _, (example, *_) = student_and_examples(request, "bart")
    batch = build_text_batch([example], [everything_behind_the_question(example)], 0)
    assert decoder_start_id(model) == 2 and batch.decoder_ids_BT[0, 0] == 1
    assert batch.predicts_BL.tolist() == [[False] + [True] * (len(example.decoder_ids) - 1)]


@pytest.mark.parametrize("family", PAIRS)
@torch.no_grad()
def test_steps_given_to_the_encoder_are_read_there_and_not_by_the_decoder(request, family):
    model, pad_id, examples = student_and_examples(request, family)
    example = next(example for example in examples if example.token_steps.max() > 0)
    cut = int((example.token_steps < 1).sum())
    targets = np.arange(len(example)) >= example.num_question + cut
    batch = build_text_batch([example, example], [targets, targets], pad_id, [1, 1])
    ids = example.input_ids
    given = ids[example.num_question : example.num_question + cut]
    encoder = np.concatenate([example.encoder_ids[:-1], given, example.encoder_ids[-1:]])
    start = [decoder_start_id(model), *example.decoder_ids[: example.num_begin]]
    rest = ids[example.num_question + cut :]
    logits = model(
        input_ids=torch.tensor(encoder)[None], decoder_input_ids=torch.tensor([[*start, *rest[:-1]]])
    ).logits[0, example.num_begin :]
    torch.testing.assert_close(batch.predicted(model).logits(), torch.cat([logits, logits]), atol=1e-5, rtol=1e-5)
    assert batch.targets_N.tolist() == rest.tolist() * 2
    prefix = build_text_batch([example, example], [targets, targets], pad_id)
    assert prefix.targets_N.tolist() == batch.targets_N.tolist()
    assert (prefix.predicted(model).logits() - batch.predicted(model).logits()).abs().max() > 1e-3


@pytest.mark.parametrize("family", ["llama", "t5", "t5_untied", "bart"])
def test_only_supervised_positions_go_through_the_head(request, family, monkeypatch):
    model, pad_id, examples = student_and_examples(request, family)
    rows = []
    linear = torch.nn.functional.linear

    def counted(hidden, weight, bias=None):
        if weight.shape[0] == VOCABULARY_SIZE:
            rows.append(hidden.numel() // hidden.shape[-1])
        return linear(hidden, weight, bias)

    monkeypatch.setattr(torch.nn.functional, "linear", counted)
    targets = [np.arange(len(example)) >= example.rationale_end for example in examples]
    logits = build_text_batch(examples, targets, pad_id).predicted(model).logits()
    assert rows == [sum(int(row.sum()) for row in targets)] and len(logits) == rows[0]


@pytest.mark.parametrize("trained", [True, False])
def test_what_a_model_adds_to_its_logits_is_kept(request, trained):
    """BART has a bias behind its head, and with the head frozen the losses are made without the logits."""
    model, pad_id, examples = student_and_examples(request, "bart")
    model.requires_grad_(trained)
    model.final_logits_bias.normal_(generator=torch.Generator().manual_seed(0))
    targets = [everything_behind_the_question(example) for example in examples[:1]]
    batch = build_text_batch(examples[:1], targets, pad_id)
    ours = batch.predicted(model).losses(batch.targets_N).mean()
    assert ours.item() == pytest.approx(plain_loss(model, examples[0], targets[0]).item(), rel=1e-5)


def test_what_the_encoder_reads_cannot_be_supervised(request):
    _, pad_id, (example, *_) = student_and_examples(request, "t5")
    with pytest.raises(AssertionError, match="no decoder's token"):
        build_text_batch([example], [np.ones(len(example), dtype=bool)], pad_id)
