"""ASDiv (Miao et al. 2020): one-step problems of many kinds; mostly numbers, some words, times and ratios.

Officially: `body`, `question`, `answer` with its unit ("9 (apples)"). An answer that is no number is compared
as text: lower case, words and digits only, so "3:30 p.m." is "3 30 p m".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from kpod.tasks.answers import (
    answer_holds_number,
    answer_statements,
    extract_number,
    numbers_equal,
    parse_number,
)
from kpod.tasks.base import Task
from kpod.tasks.files import Row
from kpod.tasks.numeric import canonical_gold

# Times, ratios and lists hold numbers, but are not one: "5:45", "2; 6".
_SEVERAL_NUMBERS = re.compile(r"[0-9]+\s*[:;]\s*[0-9]+(?:\s*[:;]\s*[0-9]+)*")


def adapt(row: Row, number: int) -> Row:
    if "body" not in row:
        return row
    return {"id": f"asdiv-{number:04d}", **row, "question": f"{row['body']} {row.get('question', '')}"}


def canonical_answer(value: Any, choices: Sequence[str] | None = None) -> str | None:
    """A number in canonical form, else the words and digits in lower case; None for nothing."""
    canonical = canonical_gold(value)
    if canonical is None and isinstance(value, str):
        canonical = " ".join(re.findall(r"[^\W_]+", value.lower())) or None
    return canonical


def extract_answer(text: str, choices: Sequence[str] | None = None) -> str | None:
    """A time, ratio or list, else a number, else the words that the text calls its answer, else None."""
    statements = answer_statements(text)
    if statements and (several := _SEVERAL_NUMBERS.search(statements[0])):
        return canonical_answer(several.group())
    number = extract_number(text)
    if number is None and statements:
        return canonical_answer(statements[0])
    return number


def answers_equal(predicted: str | None, gold: str) -> bool:
    return numbers_equal(predicted, gold) if parse_number(gold) is not None else predicted == gold


def rationale_agrees(rationale: str, gold: str) -> bool:
    if parse_number(gold) is not None:
        return answer_holds_number(rationale, gold)
    return extract_answer(rationale) == gold


TASK = Task(
    name="asdiv",
    title="ASDiv",
    kind="text",
    extract=extract_answer,
    canonical=canonical_answer,
    equal=answers_equal,
    agrees=rationale_agrees,
    adapt=adapt,
)
