"""Single steps of the world as texts of their own: a problem of one step, one step among many facts, a look-up."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from kpod.tasks.small_world.comparisons import Comparison, draw_skin
from kpod.tasks.small_world.options import STORIES, WorldOptions
from kpod.tasks.small_world.plans import Lookup, NoSuchNumbers, Plan, Statement, Step
from kpod.tasks.small_world.problems import draw_plan, tell_question, tell_steps
from kpod.tasks.small_world.roles import Piece, plain

T = TypeVar("T")


@dataclass(frozen=True)
class OneStepText:
    """A question, at most one calculation that answers it, and the answer. facts: the question without what it asks."""

    question: str
    rationale: str
    answer: str
    facts: str


def problem_text(rng: random.Random, options: WorldOptions, results_share: float = 0.0) -> OneStepText:
    """A problem of one step (`options` must ask for that); see `told_as_results`."""
    assert options.max_steps == 1, options
    plan = draw_plan(rng, options)
    return _text(rng, told_as_results(rng, plan, results_share), plan.ask, plan.steps[0], options)


def part_text(rng: random.Random, options: WorldOptions) -> OneStepText:
    """The facts of a whole plan, and one of its steps that needs no other, asked for by itself."""
    while True:
        plan = draw_plan(rng, options)
        alone = [step for step in plan.steps if step.ask is not None and _stands_alone(step)]
        if alone:
            step = rng.choice(alone)
            return _text(rng, plan.facts, step.ask, step, options)


def among_text(rng: random.Random, options: WorldOptions) -> OneStepText:
    """Several given quantities and several relations to them in any order, of which one step is asked.

    Its numbers have to be found by their names, as in the middle of a longer solution.
    """
    world, step = _drawn(rng, options, _step_among)
    rng.shuffle(world.plan.facts)
    return _text(rng, told_as_results(rng, world.plan, 0.5), world.plan.ask, step, options)


def _drawn(
    rng: random.Random, options: WorldOptions, fill: Callable[[random.Random, Comparison], T]
) -> tuple[Comparison, T]:
    """A comparison story that `fill` has filled, and what it returned; drawn anew where its numbers run out."""
    story = rng.choice([story for story in STORIES if story != "events"])
    while True:
        world = Comparison(rng, draw_skin(rng, story, options.max_steps), options)
        try:
            return world, fill(rng, world)
        except NoSuchNumbers:
            continue


def _step_among(rng: random.Random, world: Comparison) -> Step:
    """Fill the world with facts, ask for one step and return it."""
    bases = [world.add_base(rng.randint(2, world.options.largest_number)) for _ in range(rng.randint(2, 4))]
    for _ in range(rng.randint(0, 2)):  # a week has no day for more
        world.add_relation(rng.choice(bases))
    ending = rng.random()
    if ending < 0.6:
        world.add_relation(rng.choice(bases))
        step = rng.choice(world.plan.steps)
        world.plan.ask = step.ask
        return step
    first, second = sorted(rng.sample(bases, 2), key=bases.index)
    if ending < 0.75:
        world.total(first, second)
    elif ending < 0.9:
        world.difference(first, second)
    elif world.skin.story == "prices":
        world.buy(first, change=False)
    else:
        world.share(first)
    return world.plan.steps[-1]


def needed_text(rng: random.Random, options: WorldOptions) -> OneStepText:
    """A question of several steps among facts that it does not need, and the facts that it does, each before its use.

    Nothing is calculated; there is no answer.
    """
    plan, steps, given = _chain(rng, options)
    facts = {id(fact): fact for step in steps for fact in _facts_of(step, given)}
    question, told_facts = tell_question(rng, plan.facts, plan.ask, options)
    told = tell_steps(rng, list(facts.values()), replace(options, irrelevant_share=0.0))[0]
    return OneStepText(question, plain(told), "", told_facts)


def next_text(rng: random.Random, options: WorldOptions) -> tuple[str, str, str]:
    """A question of several steps, what is known by now as bare quantities, and the fact that comes next.

    Where no fact is left but the quantities that were asked about, the question proper comes next.
    """
    plan, steps, _ = _chain(rng, options)
    done = rng.randrange(len(steps))
    known = [_bare_result(step) for step in steps[:done]]
    following = steps[done].fact or plan.ask
    question, _ = tell_question(rng, plan.facts, plan.ask, options)
    silent = replace(options, irrelevant_share=0.0)
    told = plain(tell_steps(rng, known, silent)[0])
    after = plain(tell_steps(rng, [following], silent)[0])
    return question, told, after if following is not plan.ask else after.removesuffix(".") + "?"


def last_text(rng: random.Random, options: WorldOptions) -> tuple[OneStepText, str]:
    """A problem of several steps whose last step is calculated; all before it is told as bare results, here apart."""
    plan = draw_plan(rng, options)
    known = _told_bare(rng, plan.steps[:-1], options)
    return _text(rng, plan.facts, plan.ask, plan.steps[-1], replace(options, irrelevant_share=0.0)), known


def step_text(rng: random.Random, options: WorldOptions) -> tuple[OneStepText, str]:
    """A problem of several steps of which one before the last is calculated; the steps before it are bare results.

    The answer is that step's result, and not what was asked for.
    """
    plan = draw_plan(rng, options)
    at = rng.randrange(len(plan.steps) - 1)
    known = _told_bare(rng, plan.steps[:at], options)
    return _text(rng, plan.facts, plan.ask, plan.steps[at], replace(options, irrelevant_share=0.0)), known


def _told_bare(rng: random.Random, steps: Sequence[Step], options: WorldOptions) -> str:
    return plain(tell_steps(rng, [_bare_result(step) for step in steps], options)[0])


def _bare_result(step: Step) -> Statement:
    """What a step found, without its calculation."""
    value = Piece(str(step.calculation.result), "earlier")
    templates = tuple(each for each in step.statement.templates if "which means" not in each)
    return Statement(templates, {**step.statement.slots, "eq": value, "c": value})


def _chain(rng: random.Random, options: WorldOptions) -> tuple[Plan, list[Step], dict[str, Statement]]:
    """A plan with facts to spare, half of the time in any order; the steps that it needs; the given facts by name."""
    world, asked = _drawn(rng, options, _fill)
    bases = [each for each in world.quantities if each.step is None]
    given = {base.subject: lookup.fact for base, lookup in zip(bases, world.plan.lookups, strict=True)}
    if rng.random() < 0.5:
        rng.shuffle(world.plan.facts)
    return world.plan, [world.plan.steps[at] for at in _needed_steps(world.plan, asked)], given


def _fill(rng: random.Random, world: Comparison) -> int:
    """Fill the world with facts and ask for what follows from some of them; the step that answers."""
    chain = [world.add_base(rng.randint(2, world.options.largest_number))]
    for _ in range(rng.randint(1, 3)):
        chain.append(world.add_relation(chain[-1]))
    for _ in range(rng.randint(0, min(2, len(world.unused)))):
        if rng.random() < 0.5:
            world.add_base(rng.randint(2, world.options.largest_number))
        else:
            world.add_relation(rng.choice(chain))
    ending, last = rng.random(), chain[-1]
    other = rng.choice([quantity for quantity in world.quantities if quantity is not last])
    if ending < 0.55:
        world.ask(world.skin.ask, s=last.subject)
        assert last.step is not None  # a relation's
        return last.step
    if ending < 0.7:
        world.total(other, last)
    elif ending < 0.8:
        world.difference(other, last)
    elif world.skin.story == "prices":
        world.buy(last, change=rng.random() < 0.5)
    else:
        world.share(last)
    return len(world.plan.steps) - 1


def _needed_steps(plan: Plan, asked: int) -> list[int]:
    """The steps that a step follows from and itself, in order."""
    calculation = plan.steps[asked].calculation
    before = [each.step for each in (calculation.left, calculation.right) if each.step is not None]
    return sorted({asked}.union(*(_needed_steps(plan, step) for step in before)))


def _facts_of(step: Step, given: dict[str, Statement]) -> list[Statement]:
    """The facts that a step rests on: quantities that the question gives, then its own."""
    operands = (step.calculation.left, step.calculation.right)
    bases = [given[each.subject] for each in operands if each.step is None and each.subject in given]
    return bases if step.fact is None else [*bases, step.fact]


def told_as_results(rng: random.Random, plan: Plan, share: float) -> list[Statement]:
    """The facts, each given quantity with this probability as the result of a finished calculation."""
    told = list(plan.facts)
    for lookup in plan.lookups if share else ():
        if rng.random() < share:
            told[next(at for at, fact in enumerate(plan.facts) if fact is lookup.fact)] = _as_result(rng, lookup)
    return told


def _as_result(rng: random.Random, lookup: Lookup) -> Statement:
    value, other = lookup.value, rng.randint(2, 20)
    equations = [f"{value + other} - {other} = {value}"]
    if value - other >= 2:
        equations.append(f"{value - other} + {other} = {value}")
    if value % 2 == 0 and value >= 4:
        equations.append(f"2 * {value // 2} = {value}")
    slots = {**lookup.fact.slots, "e": Piece(rng.choice(equations), "other")}
    told = tuple(template.replace("{k}", "{e}") for template in lookup.fact.templates)
    reverse = tuple(f"{{e}}, which means {template}" for template in lookup.fact.templates)
    return Statement((*told, *reverse), slots)


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
