"""Text that knows the role of every part, written from templates.

"{new} has <twice> as many {item} as {old}": `{slot}` is filled with a piece that brings its own role, `<...>` is a
cue, and what stands between them is "other".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from kpod.records import RoleSpan

ROLES = ("number", "earlier", "operator", "result", "cue", "name", "unit", "filler", "irrelevant", "other")
"""number: from the question (or a cue's own: the 2 of "twice"); earlier: the result of an earlier step, used again."""

KEY_ROLES = ("number", "earlier", "operator", "result", "cue")
IDLE_ROLES = ("filler", "irrelevant")

_PART = re.compile(r"\{(?P<slot>\w+)\}|<(?P<cue>[^<>]+)>|(?P<other>[^{}<>]+)")


class Piece(NamedTuple):
    """A stretch of text of one role."""

    text: str
    role: str


def fill(template: str, slots: Mapping[str, Piece | Sequence[Piece]]) -> list[Piece]:
    """The pieces of a template with its slots filled; a slot takes one piece or several."""
    pieces: list[Piece] = []
    for part in _PART.finditer(template):
        if part["slot"]:
            value = slots[part["slot"]]
            pieces.extend([value] if isinstance(value, Piece) else value)
        else:
            pieces.append(Piece(part["cue"], "cue") if part["cue"] else Piece(part["other"], "other"))
    return pieces


def capitalised(pieces: Sequence[Piece]) -> list[Piece]:
    """The same with a capital in front: templates are written as they stand inside a sentence."""
    first = pieces[0]
    return [Piece(first.text[:1].upper() + first.text[1:], first.role), *pieces[1:]]


def plain(pieces: Sequence[Piece]) -> str:
    return "".join(piece.text for piece in pieces)


def role_spans(pieces: Sequence[Piece]) -> list[RoleSpan]:
    """Where each piece stands in the text of them all, without white space at its edges."""
    spans, at = [], 0
    for text, role in pieces:
        body = text.strip()
        if body:
            start = at + len(text) - len(text.lstrip())
            spans.append((start, start + len(body), role))
        at += len(text)
    return spans


def token_roles(text: str, token_spans: Sequence[Sequence[int]], roles: Sequence[RoleSpan]) -> list[str]:
    """The role of every token, by its first visible character; a token of white space is "other"."""
    by_character = ["other"] * (len(text) + 1)
    for start, end, role in roles:
        by_character[start:end] = [role] * (end - start)
    found = []
    for start, end in token_spans:
        piece = text[start:end]
        found.append(by_character[start + len(piece) - len(piece.lstrip())] if piece.strip() else "other")
    return found
