"""Sentences of a rationale that only state the answer, such as "The answer is 9.": the template adds its own.

    "So she has 3 + 6 = 9 pens. The answer is 9."      ->   "So she has 3 + 6 = 9 pens."

A sentence that says or computes anything else stays: "Rounded to a percent, the answer is 8%." is a step.
"""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np

from kpod.records import Question, Span, roles_within
from kpod.step_splitting import split_steps
from kpod.tasks.registry import get

_OPENING = r"(?:(?:so|thus|hence|therefore|then|finally|and|in conclusion)[\s,:]+)*"
_SENTENCE = re.compile(
    rf"[*_\s]*{_OPENING}(?:the|our|my)\s+(?:final\s+|correct\s+|right\s+)?answer"
    r"(?:\s+to\s+(?:the|this)\s+(?:question|problem))?\s+"
    r"(?:is|equals|would\s+be|will\s+be)\b[:,\s*_]*(?:(?:then|therefore|thus|that|simply|clear)\b[\s,:\-–]*)*(?P<rest>.*)"
    r"|[*_\s]*(?:final\s+)?answer\s*:\s*(?P<labelled>.*)|\s*####(?P<hashes>.*)|[\s$\\\[(]*\\boxed\{(?P<boxed>.*)",
    re.IGNORECASE | re.DOTALL,
)
_HINT = re.compile(r"answer|####|\\boxed", re.IGNORECASE)  # no such sentence without one of these
# An operator between two values, or "=": the sentence computes.
_CALCULATION = re.compile(r"=|[0-9)%]\s*[-+*/×÷x]\s*[($]?[0-9]")
MAX_WORDS = 20  # of what such a sentence says its answer to be; a longer one argues


def answer_kind(question: Question) -> str:
    """The name of the generic task that reads this question's answers, by its gold answer alone."""
    if question.answer in ("yes", "no"):
        return "strategyqa"
    if question.choices is not None and len(question.answer) == 1 and "A" <= question.answer <= "Z":
        return "multiple_choice"
    return "asdiv"


def answer_sentences(question: Question) -> list[Span]:
    """Characters of the rationale's sentences that only state an answer, right or wrong, in order.

    "The answer is:" goes with the line that it announces.
    """
    text = question.rationale or ""
    steps = split_steps(text) if _HINT.search(text) else []
    found: list[Span] = []
    position = 0
    while position < len(steps):
        start, end = steps[position]
        announces = text[start:end].rstrip("*_ ").endswith(":")
        if announces and position + 1 < len(steps):
            end = steps[position + 1][1]
        if _states_only_an_answer(question, text[start:end]):
            found.append((start, end))
            position += 1 + announces
        else:
            position += 1
    return found


def without_answer_sentences(question: Question) -> Question:
    """The question with its answer sentences taken out of the rationale; roles follow their characters.

    None is left of a rationale that had nothing else: its text is then empty.
    """
    spans = answer_sentences(question)
    return _without(question, spans) if spans else question


def _states_only_an_answer(question: Question, sentence: str) -> bool:
    match = _SENTENCE.fullmatch(sentence)
    if match is None:
        return False
    said = next(value for value in match.groups() if value is not None)
    if len(said.split()) > MAX_WORDS or _CALCULATION.search(said):
        return False
    if re.fullmatch(r"(?:unknown|not\s+\w+|undefined|unclear)[\s.]*", said, re.IGNORECASE):
        return True
    return get(answer_kind(question)).extract_answer(f"The answer is {said}", question.choices) is not None


def _without(question: Question, spans: list[Span]) -> Question:
    """The rationale without the spans and the white space in front of each."""
    text = question.rationale or ""
    kept: list[Span] = []  # what stays, in characters of the old text
    position = 0
    for start, end in [*spans, (len(text), len(text))]:
        kept.append((position, position + len(text[position:start].rstrip())))
        position = end
    # A rationale may open with the sentence: what follows it starts without its white space.
    if spans[0][0] == len(text) - len(text.lstrip()) and len(kept) > 1:
        start, end = kept[1]
        kept[1] = (min(end, start + len(text[start:end]) - len(text[start:end].lstrip())), end)
    shorter = "".join(text[start:end] for start, end in kept)
    roles = question.roles
    if roles is not None:
        moved = np.cumsum([0, *(end - start for start, end in kept)])
        roles = tuple(
            (a + int(offset), b + int(offset), role)
            for (start, end), offset in zip(kept, moved[:-1], strict=True)
            for a, b, role in roles_within(question.roles, start, end) or ()
        )
    return replace(question, rationale=shorter, roles=roles)
