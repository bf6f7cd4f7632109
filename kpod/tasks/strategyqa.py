"""StrategyQA (Geva et al. 2021): questions that take several facts, answered yes or no.

Officially: `qid`, `question`, `answer` true or false, `facts` (what annotators looked up: they state no
answer, so nothing is known of their being right).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kpod.tasks.answers import extract_yes_no
from kpod.tasks.base import Task
from kpod.tasks.files import Row


def adapt(row: Row, number: int) -> Row:
    if "qid" not in row:
        return row
    facts = row.get("facts")
    rationale = " ".join(facts) if isinstance(facts, list) else facts
    return {"id": row["qid"], "rationale": rationale, "rationale_source": "human", **row}


def canonical_answer(value: Any, choices: Sequence[str] | None = None) -> str | None:
    if isinstance(value, bool):
        return "yes" if value else "no"
    word = value.strip().strip(".").lower() if isinstance(value, str) else None
    return {"yes": "yes", "true": "yes", "no": "no", "false": "no"}.get(word) if word else None


TASK = Task(
    name="strategyqa",
    title="StrategyQA (any yes-or-no questions)",
    kind="yes_no",
    extract=lambda text, choices: extract_yes_no(text),
    canonical=canonical_answer,
    equal=lambda predicted, gold: predicted == gold,
    adapt=adapt,
)
