"""Where a rationale calculates, in characters: as its data say, or as the arithmetic in its text shows."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kpod.errors import InputError
from kpod.records import Span
from kpod.step_checking.equations import find_equations
from kpod.step_checking.tokens import EQUALS, NUMBER, tokenise
from kpod.step_splitting import split_steps
from kpod.tasks.files import read_rows

_NUMBER = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+)?|(?<![\w.])\.\d+")


@dataclass(frozen=True)
class Arithmetic:
    """The calculations of a rationale: characters of each result, and of each whole calculation, result included."""

    results: tuple[Span, ...]
    calculations: tuple[Span, ...]


def found_arithmetic(rationale: str, mode: str = "sentence") -> Arithmetic:
    """The equations that stand in a text ("5 + 3 = 8", "5 plus 3 is 8"): a result is what its last sign gives.

    Of a chain 2 * 3 = 6 = 6 every part behind a sign is a result. `mode` is how steps are split.
    """
    results, calculations = [], []
    for start, end in split_steps(rationale, mode):
        tokens = tokenise(rationale, start, end)
        for equation in find_equations(tokens):
            inside = [token for token in tokens if equation.start <= token.start and token.end <= equation.end]
            sign = max(index for index, token in enumerate(inside) if token.kind == EQUALS)
            behind = [token for token in inside[sign + 1 :] if token.kind == NUMBER]
            calculations.append((equation.start, equation.end))
            results += [_digits(rationale, token.start, token.end) for token in behind]
    return Arithmetic(tuple(results), tuple(calculations))


def _digits(text: str, start: int, end: int) -> Span:
    """The characters of a number without the signs around it, of money or percent."""
    found = _NUMBER.search(text, start, end)
    return found.span() if found else (start, end)


def read_calculations(path: Path) -> dict[str, tuple[str, list[list[Any]]]] | None:
    """By question id, the rationale and its `calc` of a JSON or JSON Lines file; None where no row has such a field.

    `calc` lists [result_start, result_end, left_start, expression, result] in characters of the rationale. Raises
    InputError, with the place, for what is no such list.
    """
    if path.suffix not in (".jsonl", ".ndjson", ".json") or not path.is_file():
        return None
    known: dict[str, tuple[str, list[list[Any]]]] = {}
    for place, row in read_rows(path):
        spans, rationale = row.get("calc"), row.get("rationale")
        if spans is None or not isinstance(rationale, str):
            continue
        if not isinstance(spans, list) or not all(_is_calculation(each, rationale) for each in spans):
            raise InputError(
                f"{path}, {place}: calc is {str(spans)[:80]}; it takes a list of [result_start, result_end, "
                "left_start, ...] in characters of the rationale."
            )
        known[str(row.get("id"))] = (rationale, spans)
    return known or None


def _is_calculation(value: Any, rationale: str) -> bool:
    if not isinstance(value, list) or len(value) < 3 or not all(type(each) is int for each in value[:3]):
        return False
    start, end, left = value[:3]
    return 0 <= left <= start < end <= len(rationale)


def told_arithmetic(
    known: Mapping[str, tuple[str, list[list[Any]]]], identifier: str, rationale: str
) -> Arithmetic | None:
    """What `read_calculations` says of a question, in characters of `rationale`, which may be a part of the told one;
    None where it says nothing or of another text."""
    told, spans = known.get(identifier, ("", []))
    shift = told.find(rationale) if told else -1
    if shift < 0:
        return None
    inside = [(a - shift, b - shift, left - shift) for a, b, left, *_ in spans if a >= shift]
    inside = [(a, b, max(0, left)) for a, b, left in inside if b <= len(rationale)]
    return Arithmetic(tuple((a, b) for a, b, _ in inside), tuple((left, b) for _, b, left in inside))


def copied_numbers(question: str, rationale: str) -> list[Span]:
    """Numbers of a rationale that stood before, in the question or earlier in the rationale, by their value."""
    seen = {_value(match[0]) for match in _NUMBER.finditer(question)}
    copied = []
    for match in _NUMBER.finditer(rationale):
        if _value(match[0]) in seen:
            copied.append(match.span())
        seen.add(_value(match[0]))
    return copied


def covered(spans: Sequence[Span], text: str, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Which tokens (tokens,) lie in the spans, by their first visible character."""
    inside = np.zeros(len(text) + 1, dtype=bool)
    for start, end in spans:
        inside[start:end] = True
    pieces = ((int(start), text[start:end]) for start, end in zip(starts, ends, strict=True))
    places = [start + len(piece) - len(piece.lstrip()) if piece.strip() else start for start, piece in pieces]
    return inside[np.array(places, dtype=np.int64)]


def _value(text: str) -> str:
    """Equal for 1,200 and 1200, and for 2.50 and 2.5."""
    text = text.replace(",", "")
    whole, point, decimals = text.partition(".")
    decimals = decimals.rstrip("0")
    whole = whole.lstrip("0") or "0"
    return f"{whole}.{decimals}" if point and decimals else whole
