"""Tasks whose answer is the letter of an option: what they share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from kpod.tasks.answers import extract_letter
from kpod.tasks.base import Task
from kpod.tasks.files import Row


def canonical_letter(value: Any, choices: Sequence[str] | None) -> str | None:
    """The capital letter of one of `choices`, given as a letter ("b", "(B)") or as the option's words."""
    if not isinstance(value, str) or not choices:
        return None
    folded = [choice.strip().casefold() for choice in choices]
    if folded.count(value.strip().casefold()) == 1:
        return chr(ord("A") + folded.index(value.strip().casefold()))
    letter = value.strip().strip("().").upper()
    return letter if len(letter) == 1 and "A" <= letter < chr(ord("A") + len(choices)) else None


def letter_task(name: str, title: str, adapt: Callable[[Row, int], Row] = lambda row, number: row) -> Task:
    return Task(
        name=name,
        title=title,
        kind="letter",
        extract=extract_letter,
        canonical=canonical_letter,
        equal=lambda predicted, gold: predicted == gold,
        adapt=adapt,
    )
