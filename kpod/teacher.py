"""Rationales of a teacher: which of them a student may learn from, and how many steps they have."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from kpod.records import Question
from kpod.step_splitting import steps_table
from kpod.tasks.files import read_rows

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


def steps_of_files(paths: Iterable[str | Path]) -> list[dict[str, str | float]]:
    """Steps per rationale of data files, by both modes: rows of name, mode, rationales, mean, median, max.

    Any file that `kpod.load_questions` reads, judged by its field `rationale` alone; files without any
    rationale have no row. Raises InputError for a file that cannot be read.
    """
    rationales = {str(path): [row.get("rationale") for _, row in read_rows(path)] for path in paths}
    filled = {path: [text for text in texts if text] for path, texts in rationales.items()}
    return steps_table({path: texts for path, texts in filled.items() if texts})
