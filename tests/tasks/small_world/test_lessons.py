from __future__ import annotations

import random

import pytest

from kpod.tasks.small_world import WorldOptions
from kpod.tasks.small_world.lessons import among_text, look_up_text, part_text, problem_text, told_as_results
from kpod.tasks.small_world.problems import draw_plan
from kpod.tasks.small_world.roles import plain
from tests.references.small_world_solver import EQUATION, calculate, check_rationale


@pytest.mark.parametrize("seed", range(30))
def test_no_text_holds_more_than_one_step_and_the_step_is_right(seed):
    rng = random.Random(seed)
    one_step = WorldOptions(1, 1)
    for told in (problem_text(rng, one_step), part_text(rng, WorldOptions(2, 6)), among_text(rng, one_step)):
        assert len(EQUATION.findall(told.rationale)) == 1
        assert check_rationale(told.question, told.rationale, told.answer) == []
        assert told.question.startswith(told.facts)
    told = look_up_text(rng, WorldOptions(2, 5))
    assert not EQUATION.search(told.rationale) and f" {told.answer} " in told.rationale and told.answer in told.question


def test_the_numbers_of_a_step_among_many_facts_have_to_be_found():
    texts = [among_text(random.Random(seed), WorldOptions(1, 1, distractor_share=0)) for seed in range(100)]
    numbers = [len(EQUATION.sub("1", told.facts).split(".")) - 1 for told in texts]
    assert min(numbers) >= 2 and sum(numbers) / 100 > 3
    stated = [told for told in texts if EQUATION.search(told.facts)]
    assert len(stated) > 50
    for told in stated:
        for left, symbol, right, result in EQUATION.findall(told.facts):
            assert calculate(int(left), symbol, int(right)) == int(result)


def test_a_given_quantity_told_as_a_result_keeps_its_value():
    plans = [draw_plan(random.Random(seed), WorldOptions(2, 4)) for seed in range(40)]
    plan = next(plan for plan in plans if plan.lookups)
    lookup = plan.lookups[0]
    assert told_as_results(random.Random(1), plan, 0.0) == plan.facts
    facts = told_as_results(random.Random(1), plan, 1.0)
    changed = [new for new, old in zip(facts, plan.facts, strict=True) if new is not old]
    assert len(changed) == len(plan.lookups)
    for seed in range(20):
        text = plain(changed[0].tell(random.Random(seed)))
        assert EQUATION.search(text)[4] == str(lookup.value)
