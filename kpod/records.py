"""Values that pass between the parts of the engine: frozen, plain, no torch."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Question:
    """One question with its gold answer and, where there is one, a teacher's rationale.

    `id` is unique within a set. `text` is what the student reads: a context, where there is one, stands
    in front, and multiple choice lists its options in it. `answer` is the gold answer in the task's
    canonical form (`"51"`, `"-2.5"`, `"C"`, `"yes"`).
    """

    id: str
    text: str
    answer: str
    rationale: str | None = None
    split: str = "train"
    teacher: str | None = None
    teacher_correct: bool | None = None
    choices: tuple[str, ...] | None = None


Span = tuple[int, int]
"""Characters [start, end) of a text."""
