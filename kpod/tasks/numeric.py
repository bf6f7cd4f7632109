"""Tasks whose answer is one number: what they share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from kpod.tasks.answers import (
    answer_holds_number,
    canonical_number,
    extract_number,
    numbers_equal,
    parse_number,
)
from kpod.tasks.base import Task
from kpod.tasks.files import Row


def canonical_gold(value: Any, choices: Sequence[str] | None = None) -> str | None:
    """A gold number in canonical form; None for anything that is no single number, truth values included."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    number = parse_number(str(value))
    return None if number is None else canonical_number(number)


def numeric_task(name: str, title: str, adapt: Callable[[Row, int], Row] = lambda row, number: row) -> Task:
    return Task(
        name=name,
        title=title,
        kind="number",
        extract=lambda text, choices: extract_number(text),
        canonical=canonical_gold,
        equal=numbers_equal,
        agrees=answer_holds_number,
        adapt=adapt,
    )
