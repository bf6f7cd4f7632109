"""Rationales that some methods need beside a question's own: alternatives to it, and counterfactual ones.

alternative: a row's field `rationales`, a list of texts; those that arrive at the gold answer and differ from the
question's own are used. counterfactual: `counterfactual_rationale`, a text that leads to `counterfactual_answer`, an
answer other than the gold one (as a teacher writes it that is told the wrong answer; Wang et al. 2023).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from kpod.errors import InputError
from kpod.records import Question
from kpod.tasks.base import Task, questions_from_rows

FILE = "further_rationales.parquet"
FIELDS = {
    "alternative": "`rationales`, a list of at least two different texts that arrive at the answer",
    "counterfactual": "`counterfactual_rationale` and `counterfactual_answer`, a text and the other answer it leads to",
}


def find_further(
    kind: str, rows: Iterable[tuple[str, Any]], task: Task, place: str, trained: pd.DataFrame, keep_wrong: bool = False
) -> pd.DataFrame:
    """One row a further rationale of a training question: question_index, number, rationale, answer.

    `rows` as the source gives them; `trained`: the training questions' `text` and `rationale`, by which rows are
    recognised. With `keep_wrong`, alternatives that arrive elsewhere stay. Raises InputError where a field is
    malformed, and where no training question has any.
    """
    known = {
        _key(text, own): i for i, (text, own) in enumerate(zip(trained["text"], trained["rationale"], strict=True))
    }
    found: dict[int, list[Question]] = {}
    for where, row in rows:
        own = questions_from_rows([(where, row)], task, place)[0]
        index = None if own.rationale is None else known.get(_key(own.text, own.rationale))
        if index is None or index in found:
            continue
        if kind == "alternative":
            found[index] = _alternatives(row, own, task, where, place, keep_wrong)
        else:
            found[index] = _counterfactuals(row, own, task, where, place)
    table = [
        {"question_index": index, "number": number, "rationale": each.rationale, "answer": each.answer}
        for index, questions in sorted(found.items())
        for number, each in enumerate(questions)
    ]
    if not table:
        raise InputError(
            f"None of the {len(trained)} training questions of {place} has a further rationale of the kind "
            f"{kind}: its row needs {FIELDS[kind]}. Add that, or choose another method."
        )
    return pd.DataFrame(table).astype({"question_index": "int32", "number": "int32"})


def _alternatives(row: Any, own: Question, task: Task, where: str, place: str, keep_wrong: bool) -> list[Question]:
    kept: list[Question] = []
    seen = {" ".join((own.rationale or "").split())}
    for text in _texts(row.get("rationales"), f"{place}, {where}"):
        content = " ".join(text.split())
        if not content or content in seen:
            continue
        seen.add(content)
        given = {"rationale": text.strip(), "correct": None}
        question = questions_from_rows([(where, {**row, **given})], task, place)[0]
        if keep_wrong or question.teacher_correct is not False:
            kept.append(question)
    return kept


def _counterfactuals(row: Any, own: Question, task: Task, where: str, place: str) -> list[Question]:
    rationale, answer = row.get("counterfactual_rationale"), row.get("counterfactual_answer")
    if rationale is None and answer is None:
        return []
    if not isinstance(rationale, str) or not rationale.strip() or answer is None:
        raise InputError(
            f'{place}, {where}: "counterfactual_rationale" is {rationale!r} and "counterfactual_answer" is {answer!r}; '
            "give a text and the answer that it leads to, or neither."
        )
    given = {"rationale": rationale.strip(), "answer": answer, "correct": None}
    question = questions_from_rows([(where, {**row, **given})], task, place)[0]
    if task.is_correct(question.answer, own.answer):
        raise InputError(
            f'{place}, {where}: "counterfactual_answer" is {answer!r}, the right answer; a counterfactual rationale '
            "leads to another one."
        )
    return [question]


def _texts(value: Any, where: str) -> Sequence[str]:
    """A list of texts, also written as JSON, as in a CSV; none where there is no such field."""
    if value is None:
        return ()
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            value = None
    if not isinstance(value, list | tuple) or not all(isinstance(text, str) for text in value):
        raise InputError(f'{where}: "rationales" must be a list of texts, such as ["3 + 4 = 7.", "4 + 3 = 7."].')
    return value


def _key(text: str, rationale: str) -> tuple[str, str]:
    return text, rationale.strip()
