"""Questions and rationales that stand twice or nearly so, within one set and between training and evaluation."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from kpod.records import Question
from kpod.tasks.answers import find_numbers
from kpod.teacher.findings import NEAR_QUESTION, NEAR_RATIONALE, REPEATED, TWO_ANSWERS, Finding
from kpod.teacher.similarity import normalised, similar_pairs

QUESTION_SIMILARITY = 0.8
"""Of texts with the same numbers and gold answer: a name or the order of two clauses differs."""

RATIONALE_SIMILARITY = 0.9
"""Of rationales of one question: a few words differ, and no step."""


@dataclass(frozen=True)
class SharedQuestion:
    """A question to learn from that is also measured, under another id: similarity 1 where the texts are the same."""

    training_id: str
    evaluation_id: str
    similarity: float


def find_duplicates(questions: Sequence[Question]) -> list[list[Finding]]:
    """What of every question stands earlier already; the first of several has no finding."""
    findings: list[list[Finding]] = [[] for _ in questions]
    for row, found in [*_repeated(questions), *_near_rationales(questions), *_near_questions(questions)]:
        findings[row].append(found)
    return findings


def shared_questions(training: Sequence[Question], evaluation: Sequence[Question]) -> list[SharedQuestion]:
    """Training questions whose text, or nearly so with the same numbers and answer, is measured under another id.

    One entry a training question, with the most similar evaluation question, in the order of the training questions.
    """
    measured = list(_first_of_each_text(evaluation).values())
    learnt = _first_of_each_text(training)
    best: dict[str, tuple[float, str]] = {}
    sides = [*measured, *learnt.values()]
    for i, j, similarity in _near_texts(sides, len(measured)):
        text = normalised(sides[j].text)
        best[text] = max(best.get(text, (0.0, "")), (similarity, sides[i].id))
    texts = {question.id: normalised(question.text) for question in training}
    return [
        SharedQuestion(question.id, best[texts[question.id]][1], best[texts[question.id]][0])
        for question in training
        if texts[question.id] in best
    ]


def _repeated(questions: Sequence[Question]) -> Iterable[tuple[int, Finding]]:
    seen: dict[tuple[str, str], str] = {}
    for row, question in enumerate(questions):
        content = (" ".join(question.text.split()), " ".join((question.rationale or "").split()))
        if content in seen:
            yield row, Finding(REPEATED, f"as {seen[content]}")
        seen.setdefault(content, question.id)


def _near_rationales(questions: Sequence[Question]) -> Iterable[tuple[int, Finding]]:
    """Rationales of one question text that are nearly the same; exact repeats have a finding of their own."""
    rows_of_text: dict[str, list[int]] = defaultdict(list)
    for row, question in enumerate(questions):
        rows_of_text[normalised(question.text)].append(row)
    for rows in rows_of_text.values():
        if len(rows) == 1:
            continue
        found = set()
        for i, j, similarity in similar_pairs([questions[row].rationale or "" for row in rows], RATIONALE_SIMILARITY):
            one, other = questions[rows[i]], questions[rows[j]]
            if j in found or (one.rationale or "").split() == (other.rationale or "").split():
                continue
            found.add(j)
            yield rows[j], Finding(NEAR_RATIONALE, f"{similarity:.2f} as {one.id}")


def _near_questions(questions: Sequence[Question]) -> Iterable[tuple[int, Finding]]:
    """Rows whose question stands earlier under another id, or has another gold answer there."""
    rows_of_text: dict[str, list[int]] = defaultdict(list)
    for row, question in enumerate(questions):
        rows_of_text[normalised(question.text)].append(row)
    texts = list(rows_of_text.values())
    for rows in texts:
        first = questions[rows[0]]
        for row in rows[1:]:
            if questions[row].answer != first.answer:
                yield row, Finding(TWO_ANSWERS, f"{first.answer} in {first.id}, {questions[row].answer} here")
            elif base_id(questions[row].id) != base_id(first.id):
                yield row, Finding(NEAR_QUESTION, f"1.00 as {first.id}")
    found = set()
    for i, j, similarity in _near_texts([questions[rows[0]] for rows in texts]):
        if j in found:
            continue
        found.add(j)
        for row in texts[j]:
            yield row, Finding(NEAR_QUESTION, f"{similarity:.2f} as {questions[texts[i][0]].id}")


def _near_texts(questions: Sequence[Question], num_left: int | None = None) -> list[tuple[int, int, float]]:
    """Pairs of questions with nearly the same text, the same numbers and the same gold answer, by the later one.

    With other numbers or another answer, "How many are left?" for "How many in all?", it is another question.
    """
    blocks: dict[Any, list[int]] = defaultdict(list)
    for row, question in enumerate(questions):
        blocks[tuple(sorted(find_numbers(question.text))), question.answer].append(row)
    pairs = []
    for rows in blocks.values():
        left = None if num_left is None else sum(row < num_left for row in rows)
        if len(rows) > 1 and left != 0:
            found = similar_pairs([questions[row].text for row in rows], QUESTION_SIMILARITY, left)
            pairs += [(rows[i], rows[j], similarity) for i, j, similarity in found]
    return sorted(pairs, key=lambda pair: (pair[1], pair[0]))


def _first_of_each_text(questions: Sequence[Question]) -> dict[str, Question]:
    first: dict[str, Question] = {}
    for question in questions:
        first.setdefault(normalised(question.text), question)
    return first


def base_id(identifier: str) -> str:
    """The id of the question that a further rationale belongs to: "q7#2" is one of "q7"."""
    return re.sub(r"#\d+$", "", identifier)
