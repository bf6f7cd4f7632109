"""Each question is taught by its own schedule and weights, wherever the shuffled loader has put it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from kpod.curriculum.rivals import CurriculumState, StagePlan
from kpod.curriculum.rivals.given import GivenCurriculum
from kpod.distillation.lessons import RationaleObjective
from kpod.errors import RunCancelled
from kpod.preparation import encode_question
from kpod.records import Question
from tests.support.made_problems import make_problems
from tests.support.tiny_students import load_student
from tests.support.tiny_trainings import Recorder, distillation, options

# Given steps of six questions at stages 1 to 3, at each a different number for every question; whole in the 4th epoch.
GIVEN = ((5, 3, 0, 4, 1, 2), (2, 5, 3, 0, 4, 1), (0, 1, 2, 3, 4, 5), (0, 0, 0, 0, 0, 0))
TAKES_PART = (1.0, 0.5, 0.25, 2.0, 4.0, 8.0)
QUESTIONS, EPOCHS = 6, 4


@pytest.fixture(scope="module")
def six(tiny_llama_folder):
    """Questions of six steps or more, encoded."""
    tokenizer = load_student(tiny_llama_folder)[1]
    made = (Question(str(i), each.text, each.answer, each.rationale) for i, each in enumerate(make_problems(40, 7, 2)))
    encoded = [encode_question(question, tokenizer, "sentence", "decoder_only").encoded for question in made]
    found = [example for example in encoded if example.token_steps.max() >= 5][:QUESTIONS]
    assert len({example.input_ids.tobytes() for example in found}) == QUESTIONS
    return found


@pytest.fixture(scope="module")
def weights(six):
    """Of every rationale token one that no other token of any question has."""
    numbers = iter(range(1, 1 + sum(example.num_rationale for example in six)))
    return [np.array([next(numbers) / 4096 for _ in range(each.num_rationale)], dtype=np.float32) for each in six]


class ByTable(GivenCurriculum):
    """The table above; each question takes part with a factor of its own."""

    def next_stage(self, state: CurriculumState, losses=None) -> tuple[CurriculumState, StagePlan]:
        after, plan = super().next_stage(state, losses)
        return after, StagePlan(plan.stage, plan.num_input_steps, np.array(TAKES_PART, dtype=np.float32))


@dataclass(frozen=True)
class Watched(RationaleObjective):
    """Notes what is supervised in the batches of which the loss is asked: for each text its question, and the weights
    by position in the text.
    """

    seen: list[tuple[int, dict[int, float]]]

    def loss(self, predicted, batch, totals):
        weights = iter(batch.weights_N.tolist())
        for ids, attended, predicts in zip(batch.input_ids_BL, batch.attention_mask_BL, batch.predicts_BL, strict=True):
            text = ids[attended.bool()].tolist()
            [question] = [row for row, each in enumerate(self.examples) if each.input_ids.tolist() == text]
            self.seen.append((question, {before + 1: next(weights) for before in np.flatnonzero(predicts).tolist()}))
        assert next(weights, None) is None
        return super().loss(predicted, batch, totals)


def taught(example, weights, given, factor):
    """By hand, token by token: {position: weight} of what a question supervises with so many steps given."""
    expected = {}
    for position in range(example.num_question, len(example)):
        token = position - example.num_question
        if token >= example.num_rationale:
            expected[position] = factor
        elif example.token_steps[token] >= given:
            expected[position] = factor * weights[token]
    return expected


def watched(folder, six, weights, seen, **more):
    plan = ByTable(np.array([(9,) * QUESTIONS, *GIVEN[:3]], dtype=np.int32))
    training = distillation(folder, six, options=options(epochs=EPOCHS), plan=plan, **more)
    training.objective = Watched(six, weights, seen)
    return training


@pytest.mark.parametrize("stop_after", [None, 4])  # steps; the second is within the second epoch
def test_schedule_and_weights_go_by_question_and_not_by_place(tmp_path, tiny_llama_folder, six, weights, stop_after):
    seen = []
    if stop_after is not None:
        stopping = Recorder(stop_after)
        with pytest.raises(RunCancelled):
            watched(tiny_llama_folder, six, weights, seen, checkpoints=tmp_path, reporter=stopping).run()
        assert len(seen) == 2 * stop_after
    watched(tiny_llama_folder, six, weights, seen, checkpoints=tmp_path).run()
    epochs = [seen[start : start + QUESTIONS] for start in range(0, len(seen), QUESTIONS)]
    assert len(seen) == EPOCHS * QUESTIONS
    for epoch, given in zip(epochs, GIVEN, strict=True):
        order = [question for question, _ in epoch]
        assert sorted(order) == list(range(QUESTIONS))
        for question, supervised in epoch:
            own = taught(six[question], weights[question], given[question], TAKES_PART[question])
            assert supervised == pytest.approx(own, rel=1e-6), (order, question)
        # The loader shuffles: most questions stand elsewhere than in the tables.
        assert sum(place != question for place, question in enumerate(order)) >= 3, order
    assert len({tuple(question for question, _ in epoch) for epoch in epochs}) >= 3  # and each time in another order
