"""The losses of the rationale's tokens are those that transformers itself gives, one by one."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from kpod.errors import RunCancelled
from kpod.progress import Reporter
from kpod.step_difficulty import token_nlls as module
from kpod.step_difficulty.token_nlls import resumable_token_nlls, token_nlls
from tests.support.tiny_students import encoded_examples, load_student


@pytest.fixture(scope="module")
def student(tiny_llama_folder):
    return load_student(tiny_llama_folder)


@pytest.fixture(scope="module")
def examples(student):
    return encoded_examples(student[1], 7)


def by_transformers(model, example, position) -> float:
    """transformers' own loss with one label alone."""
    ids = torch.from_numpy(example.input_ids)[None]
    labels = torch.full_like(ids, -100)
    labels[0, position] = ids[0, position]
    with torch.no_grad():
        return model(input_ids=ids, labels=labels).loss.item()


@pytest.mark.parametrize("family", ["llama", "gpt2", "qwen2", "qwen3"])
def test_every_loss_is_transformers_own(request, family, student, examples):
    model, _ = load_student(request.getfixturevalue(f"tiny_{family}_folder"))
    short = min(examples, key=len)
    nlls = token_nlls(model, [short], pad_id=0)[0]
    expected = [by_transformers(model, short, short.num_question + j) for j in range(short.num_rationale)]
    assert nlls == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("family", ["t5", "t5_untied", "bart"])
@torch.no_grad()
def test_every_loss_of_an_encoder_decoder_is_transformers_own(request, family):
    model, tokenizer = load_student(request.getfixturevalue(f"tiny_{family}_folder"))
    pairs = encoded_examples(tokenizer, 3, longest=150, family="encoder_decoder")
    for to_the_end in (False, True):
        nlls = token_nlls(model, pairs, pad_id=tokenizer.pad_token_id, to_the_end=to_the_end)
        for pair, values in zip(pairs, nlls, strict=True):
            labels = torch.tensor(pair.decoder_ids)[None]
            logits = model(input_ids=torch.tensor(pair.encoder_ids)[None], labels=labels).logits[0]
            every = torch.nn.functional.cross_entropy(logits, labels[0], reduction="none").numpy()
            own = every[pair.num_begin : None if to_the_end else pair.num_begin + pair.num_rationale]
            assert values == pytest.approx(own, abs=1e-5) and len(values)


def test_the_batch_makes_no_difference(student, examples):
    alone = token_nlls(student[0], examples, pad_id=0, batch_size=1)
    for batch_size in (2, 3, 32):
        together = token_nlls(student[0], examples, pad_id=0, batch_size=batch_size)
        for one, other in zip(alone, together, strict=True):
            assert one == pytest.approx(other, abs=1e-5)
    assert [len(nlls) for nlls in alone] == [example.num_rationale for example in examples]


def test_half_precision_gives_plain_numbers(tiny_llama_folder, student, examples):
    model, _ = load_student(tiny_llama_folder, "bfloat16")
    half = np.concatenate(token_nlls(model, examples[:2], pad_id=0))
    full = np.concatenate(token_nlls(student[0], examples[:2], pad_id=0))
    assert half.dtype == np.float32 and np.isfinite(half).all()
    assert np.corrcoef(half, full)[0, 1] > 0.98


def test_the_model_is_left_as_it_was(student, examples):
    model = student[0]
    for training in (True, False):
        model.train(training)
        token_nlls(model, examples[:1], pad_id=0)
        assert model.training is training


def test_a_stop_and_the_count(student, examples):
    class Stopping(Reporter):
        done = 0

        def advance(self, amount=1):
            self.done += amount

        def cancelled(self):
            return self.done >= 4

    stopping = Stopping()
    with pytest.raises(RunCancelled):
        token_nlls(student[0], examples, pad_id=0, batch_size=2, reporter=stopping)
    assert stopping.done == 4


class StopAfter(Reporter):
    """Asks for a stop once so many questions are done, and notes where a pass starts."""

    def __init__(self, limit):
        self.limit, self.done, self.started = limit, 0, []

    def start(self, stage, total, done=0, unit=""):
        self.started.append(done)

    def advance(self, amount=1):
        self.done += amount

    def cancelled(self):
        return self.limit is not None and self.done >= self.limit


def test_a_stopped_pass_goes_on_after_the_parts_that_are_done(student, examples, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "EXAMPLES_A_PART", 2)
    arguments = {"pad_id": 0, "checkpoints": tmp_path / "losses"}
    expected = resumable_token_nlls(student[0], examples, pad_id=0, checkpoints=tmp_path / "whole")
    with pytest.raises(RunCancelled):
        resumable_token_nlls(student[0], examples, **arguments, reporter=StopAfter(5))
    second = StopAfter(None)
    resumed = resumable_token_nlls(student[0], examples, **arguments, reporter=second)
    assert second.started == [4] and second.done == len(examples) - 4
    assert all(np.array_equal(one, other) for one, other in zip(resumed, expected, strict=True))
    assert [len(nlls) for nlls in resumed] == [example.num_rationale for example in examples]


def test_a_stop_before_the_first_part_is_done_leaves_no_checkpoint(student, examples, tmp_path):
    with pytest.raises(RunCancelled):
        resumable_token_nlls(student[0], examples, pad_id=0, checkpoints=tmp_path / "losses", reporter=StopAfter(1))
    assert not (tmp_path / "losses").exists()
