"""Problems of the small world: plans drawn by a seed, told in words, with what is true of every part.

How many there are: the story of people alone, told in three steps, chooses four names in order (24*23*22*21), an item
(24), a first number (38) and three relations, each with several numbers, so more than 10^8 problems before any wording;
a test counts how rarely a sample holds one twice.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from kpod.records import Question, RoleSpan
from kpod.tasks.small_world import words
from kpod.tasks.small_world.comparisons import comparison_plan
from kpod.tasks.small_world.events import events_plan
from kpod.tasks.small_world.options import WorldOptions
from kpod.tasks.small_world.plans import Calculation, NoSuchNumbers, Plan, Statement, Step, name, number
from kpod.tasks.small_world.roles import Piece, capitalised, fill, plain, role_spans

SPACE, STOP = Piece(" ", "other"), Piece(".", "other")


@dataclass(frozen=True)
class StepDrivers:
    """One sentence of a rationale and what makes it hard.

    start, end: its characters of the rationale. operation: add, subtract, multiply or divide; None for a sentence that
    calculates nothing (restated or irrelevant). relation: what called for it ("twice", "total"). largest: of its three
    numbers. num_earlier: how many of its two operands are results of earlier steps. carries: whether an
    addition or subtraction carries or borrows between ones and tens.
    """

    start: int
    end: int
    operation: str | None = None
    relation: str | None = None
    largest: int = 0
    num_earlier: int = 0
    carries: bool = False


@dataclass(frozen=True)
class Problem:
    """A question with its rationale, the role of every part of it, and what drives each step.

    The question knows its roles (see `roles.ROLES`) and the number of its calculations. plan: equal for phrasings of
    one problem.
    """

    question: Question
    steps: tuple[StepDrivers, ...]
    plan: str
    story: str


def generate_problems(
    num: int, seed: int, options: WorldOptions | None = None, *, prefix: str = "small-world", split: str = "train"
) -> list[Problem]:
    """`num` problems with different questions; the same seed and options give the same ones, and a longer list begins
    with the shorter one's."""
    options = options or WorldOptions()
    problems: list[Problem] = []
    seen: set[str] = set()
    plan_index = 0
    while len(problems) < num:
        plan = draw_plan(random.Random(f"small world {seed} {plan_index}"), options)
        tellings = _tellings(plan, options, f"small world {seed} {plan_index}", seen)
        seen.update(told.question for told in tellings)
        for told in tellings[: num - len(problems)]:
            problems.append(told.problem(f"{prefix}-{seed}-{len(problems)}", split, f"{seed}-{plan_index}", plan))
        plan_index += 1
    return problems


def _tellings(plan: Plan, options: WorldOptions, stream: str, seen: set[str]) -> list[_Told]:
    """The plan in as many different wordings as the options ask for; none where it cannot be told so often."""
    found: dict[str, _Told] = {}
    for attempt in range(8 * options.phrasings):
        told = _tell(random.Random(f"{stream} {attempt}"), plan, options)
        if told.question not in seen:
            found.setdefault(told.question, told)
        if len(found) == options.phrasings:
            return list(found.values())
    return []


def draw_plan(rng: random.Random, options: WorldOptions) -> Plan:
    """A plan within the options: story and number of steps first, so that no numbers favour short ones."""
    story, num_steps = rng.choice(options.stories), rng.randint(options.min_steps, options.max_steps)
    while True:
        try:
            if story == "events":
                return events_plan(rng, num_steps, options)
            return comparison_plan(rng, story, num_steps, options)
        except NoSuchNumbers:
            continue


@dataclass(frozen=True)
class _Told:
    question: str
    rationale: str
    roles: tuple[RoleSpan, ...]
    steps: tuple[StepDrivers, ...]

    def problem(self, identifier: str, split: str, plan_id: str, plan: Plan) -> Problem:
        answer = str(plan.steps[-1].calculation.result)
        num_steps = sum(step.operation is not None for step in self.steps)
        question = Question(
            identifier, self.question, answer, self.rationale, split, "small world", True,
            roles=self.roles, num_steps=num_steps,
        )  # fmt: skip
        return Problem(question, self.steps, plan_id, plan.story)


def _tell(rng: random.Random, plan: Plan, options: WorldOptions) -> _Told:
    question, _ = tell_question(rng, plan.facts, plan.ask, options)
    pieces, drivers = tell_steps(rng, plan.steps, options)
    return _Told(question, plain(pieces), tuple(role_spans(pieces)), tuple(drivers))


def tell_steps(
    rng: random.Random, steps: Sequence[Step | Statement], options: WorldOptions
) -> tuple[list[Piece], list[StepDrivers]]:
    """A rationale: each step with what may stand around it; a statement among them is told as it is."""
    sentences: list[tuple[list[Piece], Step | None]] = []
    for step in steps:
        if rng.random() < options.irrelevant_share:
            sentences.append((_idle(rng, words.IRRELEVANT, "irrelevant"), None))
        sentences.extend([(step.tell(rng), None)] if isinstance(step, Statement) else tell_step(rng, step, options))
    pieces: list[Piece] = []
    drivers: list[StepDrivers] = []
    at = 0
    for index, (told, step) in enumerate(sentences):
        body = [*capitalised(told), STOP]
        length = len(plain(body))
        drivers.append(_drivers(at, at + length, step))
        pieces += body if index == 0 else [SPACE, *body]
        at += length + 1
    return pieces, drivers


def tell_question(
    rng: random.Random, facts: Sequence[Statement], ask: Statement | None, options: WorldOptions
) -> tuple[str, str]:
    """The facts, distractors among them, with the question proper, and without it."""
    assert ask is not None
    facts = list(facts)
    if rng.random() < options.shuffled_share:
        rng.shuffle(facts)
    sentences = []
    for fact in facts:
        if rng.random() < options.distractor_share:
            kind = words.DISTRACTORS if rng.random() < 0.5 else words.IRRELEVANT
            sentences.append(plain(capitalised(_idle(rng, kind, "irrelevant"))) + ".")
        sentences.append(plain(capitalised(fact.tell(rng))) + ".")
    asked = plain(capitalised(ask.tell(rng))) + "?"
    return " ".join([*sentences, asked]), " ".join(sentences)


def tell_step(rng: random.Random, step: Step, options: WorldOptions) -> list[tuple[list[Piece], Step | None]]:
    """The sentence of a calculation, with its filler and its restated fact, which may be a sentence of its own."""
    calculation = step.calculation
    told = step.statement.tell(rng, eq=calculation.pieces(), c=Piece(str(calculation.result), "result"))
    filler = Piece(rng.choice(words.FILLERS), "filler") if rng.random() < options.filler_share else None
    before: list[tuple[list[Piece], Step | None]] = []
    if step.fact is not None and rng.random() < options.restatement_share:
        restated = step.fact.tell(rng)
        if filler is None and rng.random() < 0.7:
            told = [*restated, Piece(", so ", "other"), *told]
        else:
            before.append((restated, None))
    if filler is not None:
        told = [filler, SPACE, *told]
    return [*before, (told, step)]


def _idle(rng: random.Random, templates: Sequence[str], role: str) -> list[Piece]:
    """A sentence that nothing depends on, all of one role."""
    slots = {"name": name(rng.choice(words.NAMES)), "k": number(rng.randint(2, 60))}
    return [Piece(plain(fill(rng.choice(templates), slots)), role)]


def _drivers(start: int, end: int, step: Step | None) -> StepDrivers:
    if step is None:
        return StepDrivers(start, end)
    told: Calculation = step.calculation
    left, right = told.left.value, told.right.value
    carries = (told.operation == "add" and left % 10 + right % 10 > 9) or (
        told.operation == "subtract" and left % 10 < right % 10
    )
    earlier = (told.left.step is not None) + (told.right.step is not None)
    return StepDrivers(start, end, told.operation, told.relation, max(left, right, told.result), earlier, carries)
