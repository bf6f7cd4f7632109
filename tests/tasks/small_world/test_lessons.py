from __future__ import annotations

import random

import pytest

from kpod.tasks.small_world import WorldOptions
from kpod.tasks.small_world.lessons import look_up_text, part_text, problem_text
from tests.references.small_world_solver import EQUATION, check_rationale


@pytest.mark.parametrize("seed", range(30))
def test_no_text_holds_more_than_one_step_and_the_step_is_right(seed):
    rng = random.Random(seed)
    for told in (problem_text(rng, WorldOptions(1, 1)), part_text(rng, WorldOptions(2, 6))):
        assert len(EQUATION.findall(told.rationale)) == 1
        assert check_rationale(told.question, told.rationale, told.answer) == []
        assert told.question.startswith(told.facts)
    told = look_up_text(rng, WorldOptions(2, 5))
    assert not EQUATION.search(told.rationale) and f" {told.answer} " in told.rationale and told.answer in told.question
