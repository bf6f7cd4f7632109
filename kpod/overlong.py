"""Rationales that are too long for the student, split into parts that each fit.

A part is a text of its own: question, some steps that are given, and the next steps, which it teaches.

    steps   1 2 3 4 5 6 7      part 1   | 1 2 3
                               part 2   (2 3) | 4 5       given: the latest steps before that fit
                               part 3   (4 5) | 6 7 and the answer

Every step is taught in exactly one part, after as much of what stands before it as fits, and the answer in the last
part alone. All parts stand in the order of the rationale, and none cuts a step.

KPOD schedules the rationale as the whole that it is (`Schedule.over_parts`), so its last part is supervised first;
other curricula take the parts for questions of their own. Mask learning predicts the answer from every part, as from a
prefix (Eq. 5).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from kpod.prompts import EncodedExample
from kpod.records import Question, Span, roles_within

OWN_SHARE = 0.5
"""Of the room of a part after the first that its own steps take at most, where they are more than one."""

Encoder = Callable[[Question, list[Span]], tuple[list[Span], EncodedExample]]
"""A question and the steps of its rationale -> the steps that have tokens of their own, and all its tokens."""


@dataclass(frozen=True)
class Part:
    """A part of a rationale as a question, the steps that it teaches in characters of its rationale, its tokens."""

    question: Question
    steps: list[Span]
    encoded: EncodedExample


def split_overlong(
    question: Question, steps: Sequence[Span], whole: EncodedExample, max_tokens: int, encode: Encoder
) -> list[Part]:
    """The parts of a rationale that is too long: at most `max_tokens` tokens each, ids `id#part1`, ...

    `whole` are the tokens of all of it. Empty where one step alone does not fit behind the question.
    """
    tokens = np.bincount(whole.token_steps, minlength=len(steps))
    room = max_tokens - whole.num_question - (len(whole) - whole.rationale_end)
    parts: list[Part] = []
    start = 0
    while start < len(steps):
        share = room if start == 0 else int(OWN_SHARE * room)
        end = start + max(1, int(np.searchsorted(np.cumsum(tokens[start:]), share, side="right")))
        first_given = start
        while first_given > 0 and tokens[first_given - 1 : end].sum() <= room:
            first_given -= 1
        # Where a part begins and ends the counts of the whole text can be a few tokens off: so each is looked at.
        part = _part(question, steps, first_given, start, end, encode)
        while len(part.encoded) > max_tokens:
            if first_given < start:
                first_given += 1
            elif end - start > 1:
                end -= 1
            else:
                return []
            part = _part(question, steps, first_given, start, end, encode)
        parts.append(part)
        start = end
    assert len(parts) > 1, "a rationale that is too long fits into one part"
    return [
        Part(
            replace(part.question, id=f"{question.id}#part{number}", part=number, parts=len(parts)),
            part.steps,
            replace(part.encoded, teaches_answer=number == len(parts)),
        )
        for number, part in enumerate(parts, 1)
    ]


def _part(question: Question, steps: Sequence[Span], first_given: int, start: int, end: int, encode: Encoder) -> Part:
    """Steps [start, end) after the given steps [first_given, start), as a question of its own."""
    text = question.rationale
    assert text is not None
    begin, stop = steps[start][0], steps[end - 1][1]
    part = replace(
        question,
        rationale=text[begin:stop],
        given=text[steps[first_given][0] : begin],
        part_of=question.id,
        roles=roles_within(question.roles, begin, stop),
        num_steps=question.num_steps or len(steps),
    )
    return Part(part, *encode(part, [(a - begin, b - begin) for a, b in steps[start:end]]))
