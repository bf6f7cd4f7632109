"""Rationales that some methods need beside a question's own: alternatives to it, and counterfactual ones.

alternative: a row's field `rationales`, a list of texts; those that arrive at the gold answer and differ from the
question's own are used. counterfactual: `counterfactual_rationale`, a text that leads to `counterfactual_answer`, an
answer other than the gold one (as a teacher writes it that is told the wrong answer; Wang et al. 2023).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pandas as pd

from kpod.errors import InputError
from kpod.records import Question
from kpod.tasks.base import Task, questions_from_rows
from kpod.tasks.files import PlacedRow
from kpod.tasks.layout import Layout
from kpod.teacher import Rules, filter_rationales

FILE = "further_rationales.parquet"
FIELDS = {
    "alternative": "`rationales`, a list of at least two different texts that arrive at the answer",
    "counterfactual": "`counterfactual_rationale` and `counterfactual_answer`, a text and the other answer it leads to",
}


def find_further(
    kind: str, rows: Sequence[PlacedRow], layout: Layout, place: str, trained: Sequence[str], rules: Rules
) -> pd.DataFrame:
    """One row a further rationale of a training question: question_index, number, rationale, answer.

    `rows` as the source gives them, read by their `layout`; `trained`: the ids of the training questions. `rules` say
    what is done about rationales that are wrong, cut off or state the answer. Raises InputError where a field is
    malformed, and where no training question has any.
    """
    known = {identifier: index for index, identifier in enumerate(trained)}
    times: Counter[str] = Counter()
    found: dict[int, list[Question]] = {}
    task = layout.plain_task
    for number, (where, row) in enumerate(rows):
        ready = {**row, **layout.read(row, number)}
        own = questions_from_rows([(where, ready)], task, place)[0]
        times[own.id] += 1
        name = own.id if times[own.id] == 1 else f"{own.id}#{times[own.id]}"  # as loading tells them apart
        if name in known:
            read = _alternatives if kind == "alternative" else _counterfactuals
            further = filter_rationales(read(ready, own, task, where, place), rules)[0]
            seen = {_content(own)}
            found[known[name]] = [each for each in further if _content(each) not in seen]
    table = [
        {"question_index": index, "number": number, "rationale": (each.rationale or "").strip(), "answer": each.answer}
        for index, questions in sorted(found.items())
        for number, each in enumerate(questions)
    ]
    if not table:
        raise InputError(
            f"None of the {len(trained)} training questions of {place} has a further rationale of the kind "
            f"{kind} that can be used: its row needs {FIELDS[kind]}. Add that, or choose another method."
        )
    return pd.DataFrame(table).astype({"question_index": "int32", "number": "int32"})


def _alternatives(row: Any, own: Question, task: Task, where: str, place: str) -> list[Question]:
    texts = [text for text in _texts(row.get("rationales"), f"{place}, {where}") if text.strip()]
    given = [{"rationale": text, "correct": None} for text in texts]
    return [questions_from_rows([(where, {**row, **each})], task, place)[0] for each in given]


def _counterfactuals(row: Any, own: Question, task: Task, where: str, place: str) -> list[Question]:
    rationale, answer = row.get("counterfactual_rationale"), row.get("counterfactual_answer")
    if rationale is None and answer is None:
        return []
    if not isinstance(rationale, str) or not rationale.strip() or answer is None:
        raise InputError(
            f'{place}, {where}: "counterfactual_rationale" is {rationale!r} and "counterfactual_answer" is {answer!r}; '
            "give a text and the answer that it leads to, or neither."
        )
    given = {"rationale": rationale, "answer": answer, "correct": None}
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


def _content(question: Question) -> str:
    return " ".join((question.rationale or "").split())
