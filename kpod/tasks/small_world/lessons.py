"""Single steps of the world as texts of their own: a problem of one step, one step of a longer plan, a look-up."""

from __future__ import annotations

import random
from dataclasses import dataclass

from kpod.tasks.small_world.options import WorldOptions
from kpod.tasks.small_world.plans import Statement, Step
from kpod.tasks.small_world.problems import draw_plan, tell_question, tell_steps
from kpod.tasks.small_world.roles import plain


@dataclass(frozen=True)
class OneStepText:
    """A question, at most one calculation that answers it, and the answer. facts: the question without what it asks."""

    question: str
    rationale: str
    answer: str
    facts: str


def problem_text(rng: random.Random, options: WorldOptions) -> OneStepText:
    """A problem of one step; `options` must ask for that."""
    assert options.max_steps == 1, options
    plan = draw_plan(rng, options)
    return _text(rng, plan.facts, plan.ask, plan.steps[0], options)


def part_text(rng: random.Random, options: WorldOptions) -> OneStepText:
    """The facts of a whole plan, and one of its steps that needs no other, asked for by itself."""
    while True:
        plan = draw_plan(rng, options)
        alone = [step for step in plan.steps if step.ask is not None and _stands_alone(step)]
        if alone:
            step = rng.choice(alone)
            return _text(rng, plan.facts, step.ask, step, options)


def look_up_text(rng: random.Random, options: WorldOptions) -> OneStepText:
    """The facts of a whole plan, and a quantity that one of them gives."""
    while True:
        plan = draw_plan(rng, options)
        if plan.lookups:
            chosen = rng.choice(plan.lookups)
            question, facts = tell_question(rng, plan.facts, chosen.ask, options)
            return OneStepText(question, plain(tell_steps(rng, [chosen.fact], options)[0]), str(chosen.value), facts)


def _text(
    rng: random.Random, facts: list[Statement], ask: Statement | None, step: Step, options: WorldOptions
) -> OneStepText:
    question, told_facts = tell_question(rng, facts, ask, options)
    pieces, _ = tell_steps(rng, [step], options)
    return OneStepText(question, plain(pieces), str(step.calculation.result), told_facts)


def _stands_alone(step: Step) -> bool:
    return step.calculation.left.step is None and step.calculation.right.step is None
