"""What a token looks like: digit, operator, word, punctuation, white space or something else; and where numbers are."""

from __future__ import annotations

import re
import unicodedata

CLASSES = ("digit", "operator", "word", "punctuation", "space", "other")
_OPERATORS = frozenset("+-*/=×÷−<>%^")
# With commas between thousands or without, and with a decimal point; "3,4" is two numbers.
_NUMBER = re.compile(r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?")


def token_class(text: str) -> str:
    """One of CLASSES: what a token looks like, whatever it means. White space around it does not count."""
    body = text.strip()
    if not body:
        return "space" if text else "other"  # a token that only shares a character has no text of its own
    if all(c.isdigit() or c in ".," for c in body) and any(c.isdigit() for c in body):
        return "digit"
    if all(c in _OPERATORS for c in body):
        return "operator"
    if any(c.isalpha() for c in body):
        return "word"
    return "punctuation" if all(unicodedata.category(c).startswith("P") for c in body) else "other"


def number_spans(text: str) -> list[tuple[int, int]]:
    """Start and end of every number: a run of digits with its decimal point and its thousands' commas."""
    return [match.span() for match in _NUMBER.finditer(text)]
