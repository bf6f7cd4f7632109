"""Which of a teacher's rationales a student learns from: the checks, and what is done about each finding."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from kpod.errors import InputError
from kpod.records import Question
from kpod.teacher.answer_sentences import without_answer_sentences
from kpod.teacher.checks import CHECKS
from kpod.teacher.duplicates import find_duplicates
from kpod.teacher.findings import (
    ANSWER_FIRST,
    ANSWER_SENTENCE,
    ANSWER_UNKNOWN,
    NEAR_QUESTION,
    NEAR_RATIONALE,
    NO_RATIONALE,
    ONLY_ANSWER,
    REPEATED,
    TRUNCATED,
    TWO_ANSWERS,
    WRONG_ANSWER,
    Finding,
)
from kpod.teacher.report import CheckReport, build_report

ACTIONS = ("drop", "keep", "flag")
"""Leave the question out, keep it, or keep it and write the reason into `Question.flags`."""


@dataclass(frozen=True)
class Rules:
    """What is done about each kind of finding; the fields are those of the configuration's section `data`."""

    wrong_rationales: str = "drop"
    truncated: str = "drop"
    leaked_answers: str = "strip"  # or drop, keep
    early_answers: str = "flag"
    near_duplicates: str = "flag"

    def __post_init__(self) -> None:
        for field in fields(self):
            allowed = ("strip", "drop", "keep") if field.name == "leaked_answers" else ACTIONS
            if getattr(self, field.name) not in allowed:
                raise InputError(f"{field.name} is {getattr(self, field.name)!r}; allowed are {', '.join(allowed)}.")

    @classmethod
    def of(cls, settings: Any) -> Rules:
        """Those of settings that have a value by the name of every field."""
        return cls(**{field.name: getattr(settings, field.name) for field in fields(cls)})

    @property
    def actions(self) -> dict[str, str]:
        """What is done about each of `REASONS`. What says nothing or stands twice word for word is always dropped."""
        return {
            NO_RATIONALE: "drop",
            ONLY_ANSWER: "keep" if self.leaked_answers == "keep" else "drop",
            WRONG_ANSWER: self.wrong_rationales,
            ANSWER_UNKNOWN: "keep",
            TRUNCATED: self.truncated,
            ANSWER_SENTENCE: self.leaked_answers,
            ANSWER_FIRST: self.early_answers,
            REPEATED: "drop",
            NEAR_RATIONALE: self.near_duplicates,
            NEAR_QUESTION: self.near_duplicates,
            TWO_ANSWERS: self.near_duplicates,
        }


def filter_rationales(questions: Sequence[Question], rules: Rules | None = None) -> tuple[list[Question], CheckReport]:
    """The questions to learn from, in order, with their flags, and the report of what was found.

    Answer sentences are taken out of the rationales where `leaked_answers` says strip. A question that only
    duplicates one that is dropped itself stays: duplicates are looked for among what the other reasons leave.
    """
    rules = rules or Rules()
    actions = rules.actions
    found: dict[str, list[str]] = defaultdict(list)
    dropped: Counter[str] = Counter()
    left: list[tuple[Question, list[Finding]]] = []
    for question in questions:
        findings = [finding for check in CHECKS if (finding := check(question))]
        if rules.leaked_answers == "strip" and any(each.reason == ANSWER_SENTENCE for each in findings):
            question = without_answer_sentences(question)
        if _keeps(question, findings, actions, found, dropped):
            left.append((question, findings))
    kept = []
    for (question, findings), duplicates in zip(left, find_duplicates([each for each, _ in left]), strict=True):
        if _keeps(question, duplicates, actions, found, dropped):
            flags = tuple(each.reason for each in [*findings, *duplicates] if actions[each.reason] == "flag")
            kept.append(replace(question, flags=flags) if flags != question.flags else question)
    return kept, build_report(len(questions), len(kept), found, dropped, actions)


def _keeps(
    question: Question,
    findings: list[Finding],
    actions: dict[str, str],
    found: dict[str, list[str]],
    dropped: Counter[str],
) -> bool:
    """Count the findings; whether none of them drops the question."""
    for finding in findings:
        found[finding.reason].append(question.id)
    reason = next((finding.reason for finding in findings if actions[finding.reason] == "drop"), None)
    if reason is not None:
        dropped[reason] += 1
    return reason is None
