"""From the journal's answers to the file of questions with rationales that a run reads."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kpod.artefacts import write_whole
from kpod.records import Question
from kpod.tasks.answers import answer_statements
from kpod.tasks.base import Task
from kpod.teaching.journal import Answer, Journal
from kpod.teaching.prompts import read_output, without_thinking
from kpod.teaching.requests import TaughtQuestion

KEPT_FIELDS = ("context", "num_steps")


@dataclass(frozen=True)
class Summary:
    """What a written file holds: questions by how they were answered."""

    questions: int
    correct: int
    wrong: int
    unknown: int  # no answer could be read from what came
    failed: int
    unasked: int
    truncated: int  # among the chosen rationales

    def sentence(self) -> str:
        return (
            f"{self.questions} questions: {self.correct} with a correct rationale, {self.wrong} wrong, {self.unknown} "
            f"without an answer that can be read, {self.failed} failed, {self.unasked} not asked yet; "
            f"{self.truncated} of the rationales are cut by the length limit"
        )


def judge(answer: Answer, question: Question, task: Task) -> bool | None:
    """Whether an output arrives at the gold answer; None where it gives none.

    As for any rationale (`kpod.load_questions`), but one that was cut by the length limit must have stated its answer:
    the last number before a cut is no answer.
    """
    text = without_thinking(answer.output)
    if answer.truncated and not answer_statements(text):
        return None
    predicted = task.extract_answer(text, question.choices)
    if predicted is None:
        return None
    return task.agrees(text, question.answer) if task.agrees else task.is_correct(predicted, question.answer)


def write_rationales(
    path: Path,
    taught: Sequence[TaughtQuestion],
    task: Task,
    journal: Journal,
    *,
    samples: int,
    teacher: str,
    plain: bool,
) -> Summary:
    """Write the file whole: fields of `kpod.load_questions`, and more that it ignores.

    rationale: of the first sample that is correct and whole, else of the first correct, the first whole, the first.
    correct, truncated, rationale_final (the statement of the answer): of that sample. rationales: of all samples.
    samples: of each, sample, output, rationale, correct, truncated, finish_reason and tokens. failure: why there is no
    rationale, or null.
    """
    rows = [_row(each, task, journal, samples=samples, teacher=teacher, plain=plain) for each in taught]
    write_whole(path, "".join(json.dumps(row, ensure_ascii=False, default=str) + "\n" for row in rows).encode("utf-8"))
    return _summary(rows)


def _row(
    taught: TaughtQuestion, task: Task, journal: Journal, *, samples: int, teacher: str, plain: bool
) -> dict[str, Any]:
    question, keys = taught.question, [(taught.question.id, sample) for sample in range(samples)]
    found = [
        _sample(key[1], journal.answers[key], question, task, plain=plain) for key in keys if key in journal.answers
    ]
    usable = [each for each in found if each["rationale"]]
    failures = [journal.failures[key] for key in keys if key in journal.failures]
    chosen = min(usable, key=lambda each: (each["correct"] is not True, each["truncated"]), default=None)
    return {
        "id": question.id,
        "question": taught.row["question"],
        **{name: taught.row[name] for name in KEPT_FIELDS if taught.row.get(name) is not None},
        **({"choices": list(question.choices)} if question.choices else {}),
        "answer": taught.row["answer"],
        "split": question.split,
        "rationale": chosen["rationale"] if chosen else None,
        "rationale_source": teacher if chosen else None,
        "rationale_final": chosen["rationale_final"] if chosen else None,
        "correct": chosen["correct"] if chosen else None,
        "truncated": chosen["truncated"] if chosen else None,
        "rationales": [each["rationale"] for each in usable],
        "samples": found,
        "failure": None if chosen else _why_not(found, failures),
    }


def _sample(number: int, answer: Answer, question: Question, task: Task, *, plain: bool) -> dict[str, Any]:
    output = read_output(answer.output, question, plain=plain)
    return {
        "sample": number,
        "output": answer.output,
        "rationale": output.rationale,
        "rationale_final": output.statement,
        "correct": judge(answer, question, task),
        "truncated": answer.truncated,
        "finish_reason": answer.finish_reason,
        "prompt_tokens": answer.prompt_tokens,
        "completion_tokens": answer.completion_tokens,
    }


def _why_not(found: Sequence[dict[str, Any]], failures: Sequence[str]) -> str:
    if failures:
        return failures[-1]
    return "the answer holds no rationale" if found else "not asked yet"


def _summary(rows: Sequence[dict[str, Any]]) -> Summary:
    kinds = Counter(_kind(row) for row in rows)
    return Summary(
        questions=len(rows),
        **{name: kinds[name] for name in ("correct", "wrong", "unknown", "failed", "unasked")},
        truncated=sum(row["truncated"] is True for row in rows),
    )


def _kind(row: dict[str, Any]) -> str:
    if row["rationale"] is None:
        return "unasked" if row["failure"] == "not asked yet" else "failed"
    return {True: "correct", False: "wrong", None: "unknown"}[row["correct"]]
