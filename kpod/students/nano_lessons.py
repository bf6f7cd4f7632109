"""What the nano student reads before it is anybody's student: texts of the small world that make it literate.

Ten kinds of lesson: one-step problems in the product's template; one step asked among many facts; the directly
computable part of a longer question; the last step of a longer problem, or one before it, where all earlier results
are told; quantities to look up in a question; facts to say again; the facts that a longer question needs; the fact
that comes next when some quantities are known; arithmetic. No text holds two calculations of a problem: to find step
after step by itself is what distillation has to teach.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from kpod.prompts import fill_template
from kpod.tasks.small_world.lessons import (
    OneStepText,
    among_text,
    last_text,
    look_up_text,
    needed_text,
    next_text,
    part_text,
    problem_text,
    step_text,
)
from kpod.tasks.small_world.options import WorldOptions

READING = {"problem": 47, "part": 9, "lookup": 4, "restate": 3, "needed": 2, "next": 2, "arithmetic": 33}
PRACTICE = {"problem": 26, "part": 4, "lookup": 1, "restate": 1, "arithmetic": 68}
FINDING = {
    "problem": 16, "among": 14, "part": 4, "last": 18, "step": 22, "lookup": 2, "restate": 2, "needed": 5, "next": 7,
    "arithmetic": 10,
}  # fmt: skip
COURSE = ((0, READING), (32_640, PRACTICE), (45_900, FINDING))
"""The parts of the course: the lesson that each begins with, and its percent of the kinds of lesson. A number is copied
out of its context after a million tokens; adding takes longer; then numbers are found by their names."""

ASKED_WEIGHT = 0.2
"""Weight of the loss on a question's tokens: names and numbers there come from nowhere, and cannot be predicted."""


@dataclass(frozen=True)
class Lesson:
    """A text, and the character from which it is to be learned in full; before that tokens weigh `asked_weight`.

    ends: whether the text is whole, so that its end is learned too.
    """

    kind: str
    text: str
    taught_from: int
    asked_weight: float = ASKED_WEIGHT
    ends: bool = True


def draw_lesson(seed: int, index: int) -> Lesson:
    """Lesson number `index` of a seed's endless course."""
    rng = random.Random(f"nano {seed} {index}")
    kinds = next(kinds for start, kinds in reversed(COURSE) if index >= start)
    practises = kinds is PRACTICE
    kind = rng.choices(list(kinds), list(kinds.values()))[0]
    if kind == "arithmetic":
        return Lesson(kind, " ".join(_sentence(rng, practises) for _ in range(rng.randint(5, 9))), 0)
    if kind == "restate":
        facts = look_up_text(rng, _options(rng, 2, 5)).facts
        return Lesson(kind, f"Read: {facts}\nAgain: {facts}", len(facts) + 7)
    if kind == "needed":
        told = needed_text(rng, _options(rng, 1, 6))
        return Lesson(kind, f"Read: {told.question}\nNeeded: {told.rationale}", len(told.question) + 7)
    if kind == "next":
        question, known, after = next_text(rng, _options(rng, 1, 6))
        start = f"Read: {question}\nKnown: {known}\nNext:"
        # What is known was found in several steps: it is there to be read, and no token of it is learned.
        return Lesson(kind, f"{start} {after}", len(start), asked_weight=0.0)
    if kind in ("last", "step"):
        told, known = (last_text if kind == "last" else step_text)(rng, _options(rng, 2, 4))
        return _one_of_several(kind, told, known)
    if kind == "problem":
        told = problem_text(rng, _options(rng, 1, 1), results_share=0.25 if kinds is FINDING else 0.0)
    elif kind == "among":
        told = among_text(rng, _options(rng, 1, 1))
    elif kind == "part":
        told = part_text(rng, _options(rng, 2, 6))
    else:
        told = look_up_text(rng, _options(rng, 1, 5))
    return _in_template(kind, told)


def _options(rng: random.Random, least: int, most: int) -> WorldOptions:
    """Told plainly half of the time, else with everything that the world has."""
    if rng.random() < 0.5:
        return WorldOptions(least, most, filler_share=0.1, restatement_share=0.2, irrelevant_share=0,
                            distractor_share=0)  # fmt: skip
    return WorldOptions(least, most, irrelevant_share=0.15, distractor_share=0.1)


def _in_template(kind: str, told: OneStepText) -> Lesson:
    template = fill_template(told.question, told.rationale, told.answer)
    return Lesson(kind, template.text, template.rationale[0])


def _one_of_several(kind: str, told: OneStepText, known: str) -> Lesson:
    """One step of a longer solution; it ends with the answer where the step is the last, else in the middle."""
    template = fill_template(told.question, f"{known} {told.rationale}".strip(), told.answer)
    text = template.text if kind == "last" else template.text[: template.rationale[1]]
    return Lesson(kind, text, template.rationale[0] + len(known), asked_weight=0.0, ends=kind == "last")


_WORDS = {"+": "plus", "-": "minus", "*": "times", "/": "divided by"}


def _sentence(rng: random.Random, practises: bool) -> str:
    """One fact of arithmetic, mostly as the world writes it; practice is on the operations that take longest."""
    if practises:
        left, symbol, right, result = _easy_fact(rng) if rng.random() < 0.15 else _fact(rng, (42, 42, 9, 7))
    else:
        left, symbol, right, result = _fact(rng, (36, 36, 16, 12))
    if rng.random() < (0.9 if practises else 0.75):
        return f"{left} {symbol} {right} = {result}."
    said = [f"{left} {_WORDS[symbol]} {right} is {result}."]
    if symbol == "*" and left == 2:
        said.append(f"Twice {right} is {result}.")
    if symbol == "/" and right in (2, 3):
        said.append(f"{'Half' if right == 2 else 'A third'} of {left} is {result}.")
    if symbol == "-":
        said.append(f"The difference of {left} and {right} is {result}.")
    if symbol == "+":
        said.append(f"The total of {left} and {right} is {result}.")
    return rng.choice(said)


def _easy_fact(rng: random.Random) -> tuple[int, str, int, int]:
    """Two single digits added, or one taken away again."""
    one, other = rng.randint(2, 9), rng.randint(2, 9)
    return (one, "+", other, one + other) if rng.random() < 0.5 else (one + other, "-", one, other)


def _fact(rng: random.Random, weights: tuple[int, ...]) -> tuple[int, str, int, int]:
    """Numbers as the world draws them: more than half of what is added or taken away is small, nothing is below 2."""
    largest = WorldOptions.largest_number
    kind = rng.choices("+-*/", weights)[0]
    if kind in "+-":
        small = rng.randint(2, 20 if rng.random() < 0.6 else largest - 2)
        other = rng.randint(2, max(2, largest - small))
        small, other = min(small, largest - 2), min(other, largest - min(small, largest - 2))
        if kind == "+":
            left, right = (small, other) if rng.random() < 0.3 else (other, small)
            return left, "+", right, left + right
        taken, left_over = (small, other) if rng.random() < 0.7 else (other, small)
        return taken + left_over, "-", taken, left_over
    factor = rng.choices(range(2, 10), [6, 5, 3, 2, 2, 2, 2, 2])[0]
    other = rng.randint(2, largest // factor)
    if kind == "*":
        left, right = (factor, other) if rng.random() < 0.8 else (other, factor)
        return left, "*", right, left * right
    return factor * other, "/", factor, other
