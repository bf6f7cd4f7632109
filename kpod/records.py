"""Values that pass between the parts of the engine: frozen, plain, no torch."""

from __future__ import annotations

from dataclasses import dataclass

Span = tuple[int, int]
"""Characters [start, end) of a text."""

RoleSpan = tuple[int, int, str]
"""Characters [start, end) of a text, and their role."""


@dataclass(frozen=True)
class Question:
    """One question with its gold answer and, where there is one, a teacher's rationale.

    `id` is unique within a set. `text` is what the student reads: a context, where there is one, stands
    in front, and multiple choice lists its options in it. `answer` is the gold answer in the task's
    canonical form (`"51"`, `"-2.5"`, `"C"`, `"yes"`). `roles`: what parts of the rationale are, where that is known;
    `num_steps`: how many steps the question takes, where the data say so. `truncated`: whether the data say that
    the rationale was cut off. `flags`: reasons of `kpod.teacher.REASONS` for which it was kept with a mark.

    A rationale that is too long for the student is split into `parts` questions `id#part1`, ... with the steps of one
    part each as their rationale; `part_of` is then the whole one's id, `part` counts from 1, and `given` is the text
    of the steps before, as far as they fit, that the student reads in front. Only the last part has the answer.
    """

    id: str
    text: str
    answer: str
    rationale: str | None = None
    split: str = "train"
    teacher: str | None = None
    teacher_correct: bool | None = None
    choices: tuple[str, ...] | None = None
    roles: tuple[RoleSpan, ...] | None = None
    num_steps: int | None = None
    truncated: bool = False
    flags: tuple[str, ...] = ()
    given: str = ""
    part_of: str | None = None
    part: int = 1
    parts: int = 1


def roles_within(roles: tuple[RoleSpan, ...] | None, start: int, end: int) -> tuple[RoleSpan, ...] | None:
    """The roles of characters [start, end) of a text, counted from `start`; None stays None."""
    if roles is None:
        return None
    return tuple((max(a, start) - start, min(b, end) - start, role) for a, b, role in roles if a < end and b > start)
