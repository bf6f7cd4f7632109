from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from kpod.errors import RunCancelled
from kpod.progress import Reporter
from kpod.students.decoder_only import load_decoder_only
from kpod.students.nano_lessons import COURSE, draw_lesson
from kpod.students.nano_pretraining import (
    NanoCourse,
    NanoOptions,
    build_model,
    course_loss,
    pretrain_nano,
    rate_factor,
)
from kpod.students.nano_tokenizer import CONTEXT, build_tokenizer


@pytest.fixture(scope="module")
def tokenizer():
    return build_tokenizer()


TINY = NanoOptions(lessons=80, batch_size=4, warmup_steps=4, layers=1, width=32, heads=2, inner_width=64)


class StopsAfter(Reporter):
    def __init__(self, steps: int):
        self.left, self.lines = steps, []

    def advance(self, amount: int = 1) -> None:
        self.left -= amount

    def cancelled(self) -> bool:
        return self.left <= 0

    def log(self, message: str) -> None:
        self.lines.append(message)


def test_a_course_learns_and_loads_like_any_checkpoint(tmp_path):
    scores = []
    training = pretrain_nano(
        tmp_path / "nano", tmp_path / "checkpoints", replace(TINY, lessons=240, learning_rate=1e-2),
        score=lambda model, tokenizer: scores.append(len(tokenizer)) or "scored",
    )  # fmt: skip
    assert training.step == 60 and scores == [len(training.tokenizer)]
    model, tokenizer = load_decoder_only(tmp_path / "nano")
    untrained = build_model(TINY, len(tokenizer))
    ids_BL, weights_BL = NanoCourse(replace(TINY, seed=9), tokenizer).batch(0)
    with torch.no_grad():
        assert course_loss(model, ids_BL, weights_BL) < course_loss(untrained, ids_BL, weights_BL) - 1.5


def test_a_resumed_course_ends_on_the_same_weights(tmp_path):
    straight = pretrain_nano(tmp_path / "a", tmp_path / "checkpoints-a", TINY)
    with pytest.raises(RunCancelled, match="step 7 of 20"):
        pretrain_nano(tmp_path / "b", tmp_path / "checkpoints-b", TINY, reporter=StopsAfter(7))
    reporter = StopsAfter(1000)
    resumed = pretrain_nano(tmp_path / "b", tmp_path / "checkpoints-b", TINY, reporter=reporter)
    assert reporter.lines == ["Resuming after step 7 of 20."]
    assert resumed.tokens == straight.tokens
    for name, value in straight.named.items():
        assert torch.equal(value, resumed.named[name]), name


def test_padding_on_the_right_changes_nothing(tokenizer):
    model = build_model(TINY, len(tokenizer)).eval()
    ids_BL, weights_BL = NanoCourse(TINY, tokenizer).batch(0)
    alone, weight = 0.0, 0.0
    with torch.no_grad():
        for ids, weights in zip(ids_BL, weights_BL, strict=True):
            size = int((weights > 0).sum())
            own = weights[None, :size]
            alone += float(course_loss(model, ids[None, :size], own) * own[:, 1:].sum())
            weight += float(own[:, 1:].sum())
        assert float(course_loss(model, ids_BL, weights_BL)) == pytest.approx(alone / weight, rel=1e-5)


def test_question_tokens_weigh_less_and_every_row_ends_with_the_end(tokenizer):
    ids_BL, weights_BL = NanoCourse(replace(TINY, batch_size=32), tokenizer).batch(0)
    assert weights_BL.unique().tolist() == pytest.approx([0.0, 0.2, 1.0])
    for ids, weights in zip(ids_BL, weights_BL, strict=True):
        size = int((weights > 0).sum())
        assert ids[size - 1] == tokenizer.eos_token_id and not (ids[:size] == tokenizer.pad_token_id).any()
        text = tokenizer.decode(ids[: int((weights == 1).nonzero()[0])])
        assert text == "" or text.endswith(("think step by step.", "\n"))


@pytest.mark.parametrize("start", [start for start, _ in COURSE])
def test_what_is_trained_on_are_the_lessons_and_nothing_else(tokenizer, start):
    """So what is true of the lessons (no solution of two steps) is true of all that the student learns."""
    course = NanoCourse(replace(TINY, batch_size=32), tokenizer)
    step = -(-start // 32)
    pool = step // course.batches_a_pool
    size = course.batches_a_pool * 32
    lessons = [draw_lesson(TINY.seed, pool * size + index) for index in range(size)]
    by_ids = {tuple(tokenizer(lesson.text)["input_ids"][:CONTEXT]): lesson for lesson in lessons}
    ids_BL, weights_BL = course.batch(step)
    for ids, weights in zip(ids_BL.tolist(), weights_BL.tolist(), strict=True):
        kept = [one for one in ids if one not in (tokenizer.pad_token_id, tokenizer.eos_token_id)]
        lesson = by_ids[tuple(kept)]
        learned = "".join(tokenizer.decode([one]) for one, weight in zip(kept, weights, strict=False) if weight == 1.0)
        assert lesson.kind == "arithmetic" or learned.count("=") <= 1, learned
        assert learned.replace(" ", "") == lesson.text[lesson.taught_from :].replace(" ", "")


def test_the_rate_rises_stays_and_falls_and_the_plateau_knows_no_length():
    options = NanoOptions(lessons=2000, batch_size=2, warmup_steps=10, decay_share=0.3)
    factors = [rate_factor(step, options) for step in range(options.steps)]
    assert factors[:10] == pytest.approx([(step + 1) / 10 for step in range(10)])
    assert set(factors[10:701]) == {1.0} and factors[850] == pytest.approx(0.5) and factors[-1] == pytest.approx(0.02)
    longer = replace(options, lessons=4000)
    assert [rate_factor(step, longer) for step in range(700)] == factors[:700]
