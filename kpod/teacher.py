"""Rationales of a teacher: which of them a student may learn from."""

from __future__ import annotations

from collections.abc import Sequence

from kpod.records import Question

REASONS = ("no rationale", "wrong answer", "repeated")


def filter_rationales(questions: Sequence[Question], keep_wrong: bool = False) -> tuple[list[Question], dict[str, int]]:
    """The questions to learn from, in order, and how many were left out for each of `REASONS` (zeros too).

    no rationale: missing or blank. wrong answer: `teacher_correct` is False, kept with `keep_wrong`; None, of
    which nothing is known, is kept. repeated: question and rationale stand earlier, but for white space.
    """
    kept: list[Question] = []
    dropped = dict.fromkeys(REASONS, 0)
    seen: set[tuple[str, str]] = set()
    for question in questions:
        reason = _reason_against(question, keep_wrong, seen)
        if reason is None:
            kept.append(question)
        else:
            dropped[reason] += 1
    return kept, dropped


def _reason_against(question: Question, keep_wrong: bool, seen: set[tuple[str, str]]) -> str | None:
    if question.rationale is None or not question.rationale.strip():
        return "no rationale"
    if question.teacher_correct is False and not keep_wrong:
        return "wrong answer"
    content = (" ".join(question.text.split()), " ".join(question.rationale.split()))
    if content in seen:
        return "repeated"
    seen.add(content)
    return None
