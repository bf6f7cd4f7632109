"""Checks of one rationale at a time: each takes a question and says what it finds, or None."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction

from kpod.records import Question
from kpod.step_splitting import split_steps
from kpod.tasks.answers import find_numbers, number_words, parse_number
from kpod.teacher.answer_sentences import answer_sentences, without_answer_sentences
from kpod.teacher.findings import (
    ANSWER_FIRST,
    ANSWER_SENTENCE,
    ANSWER_UNKNOWN,
    NO_RATIONALE,
    ONLY_ANSWER,
    TRUNCATED,
    WRONG_ANSWER,
    Finding,
)

LISTED = 10  # commas of a last step from which on a rationale without an end is an endless list
_CALCULATION = re.compile(
    r"=|[0-9)%]\s*[-+*/×÷x]\s*[($]?[0-9]|[0-9]\s+(?:plus|minus|times|divided|multiplied)\b|\\(?:times|div|frac|cdot)\b"
    r"|multiple of|square root|which is"
)
# No English sentence ends on one of these, nor a formula on such a mark; "£", "$" and "%" may stand behind a number.
_UNFINISHED_WORD = re.compile(
    r"\b(?:a|an|the|of|and|or|but|to|is|are|was|were|so|if|because|since|from|by|than|their|his|her|has|have|had|"
    r"which|that means|total of|plus|minus|equals)$",
    re.IGNORECASE,
)
_UNFINISHED_MARK = re.compile(r"(?:[=+*/×÷<(\[{,:;\\-]|(?<![0-9\s])\s*\$|=\s*\$)$")
# What opens a chain of reasons, in whose first step a number is no conclusion yet.
_REASONING = re.compile(r"\s*(?:let|since|suppose|assume|given)\b", re.IGNORECASE)
_CLOSING_MARKUP = re.compile(r"(?:\*\*|__|`)+$")  # of "So **7**": no unfinished product
_PAIRS = {")": "(", "]": "[", "}": "{"}


def check_rationale_is_there(question: Question) -> Finding | None:
    """A missing or blank rationale, or one with nothing but the answer."""
    if question.rationale is None or not question.rationale.strip():
        return Finding(NO_RATIONALE, "blank")
    if not (without_answer_sentences(question).rationale or "").strip():
        return Finding(ONLY_ANSWER, question.rationale.strip()[:80])
    return None


def check_answer(question: Question) -> Finding | None:
    """The rationale's own answer against the gold one, as loading has judged it."""
    if question.teacher_correct is False:
        return Finding(WRONG_ANSWER, f"the gold answer is {question.answer}")
    if question.teacher_correct is None:
        return Finding(ANSWER_UNKNOWN, "no answer found in it")
    return None


def check_truncated(question: Question) -> Finding | None:
    """A rationale that was cut off. A missing full stop alone is no sign: 43% of GSM8K's own solutions end without."""
    if question.truncated:
        return Finding(TRUNCATED, "the teacher's output hit its limit")
    text = (question.rationale or "").rstrip()
    steps = split_steps(text)
    if not steps:
        return None
    last = _CLOSING_MARKUP.sub("", text[slice(*steps[-1])])
    if last.rstrip("*_`\"'”’)")[-1:] in (*".!?…。！？",):
        return None
    if last.count(",") >= LISTED:
        return Finding(TRUNCATED, "ends inside an endless list")
    match = _UNFINISHED_WORD.search(last) or _UNFINISHED_MARK.search(last)
    # "So he spends $80," with the right answer: people's slips for a full stop.
    if match and not (match.group() == "," and question.teacher_correct):
        return Finding(TRUNCATED, f"ends on {match.group()!r}")
    opened = _open_bracket(last)
    return Finding(TRUNCATED, f"{opened!r} is never closed") if opened else None


def check_answer_sentences(question: Question) -> Finding | None:
    """A sentence that only states the answer, which the template states again."""
    spans = answer_sentences(question)
    if not spans:
        return None
    return Finding(ANSWER_SENTENCE, (question.rationale or "")[slice(*spans[-1])][:80])


def check_answer_first(question: Question) -> Finding | None:
    """A conclusion in front of its reasons: the first step states the answer and the calculation comes after it.

    Numbers: the first step has the gold answer, which the question does not, and calculates nothing; a later step
    does. Options, yes and no: the first step says what the answer is. One step alone has nothing after it.
    """
    text = without_answer_sentences(question).rationale or ""
    steps = split_steps(text)
    if len(steps) < 2:
        return None
    first, rest = text[slice(*steps[0])], text[steps[1][0] :]
    gold = _gold_number(question)
    stated = _states_option(question, first) if gold is None else _states_number(question, gold, first, rest)
    return Finding(ANSWER_FIRST, first[:80]) if stated else None


CHECKS: tuple[Callable[[Question], Finding | None], ...] = (
    check_rationale_is_there,
    check_answer,
    check_truncated,
    check_answer_sentences,
    check_answer_first,
)
"""The checks that need nothing but the question, in the order of `REASONS`."""


def _gold_number(question: Question) -> Fraction | None:
    return None if question.choices else parse_number(question.answer)


def _states_number(question: Question, gold: Fraction, first: str, rest: str) -> bool:
    if _CALCULATION.search(first) or _REASONING.match(first) or not _CALCULATION.search(rest):
        return False
    asked = {*find_numbers(question.text), *number_words(question.text)}
    return gold in find_numbers(first) and gold not in asked


def _states_option(question: Question, first: str) -> bool:
    """Whether the step gives the gold option or the gold yes or no as the answer, in so many words."""
    if question.choices and len(question.answer) == 1 and question.answer.isupper():
        words = question.choices[ord(question.answer) - ord("A")]
        said = rf"(?:\(?{question.answer}\)(?:\s+{re.escape(words)})?|{re.escape(words)})"
        pattern = rf"(?:\banswer\s*(?:is|:)\s*{said}|^\s*\(?{question.answer}\)|^\s*{re.escape(words)}\s*\.?$)"
        return re.search(pattern, first, re.IGNORECASE) is not None
    return (
        re.match(rf"\s*(?:the answer is\s+)?{re.escape(question.answer)}\s*(?:[,.:;]|$)", first, re.IGNORECASE)
        is not None
    )


def _open_bracket(text: str) -> str | None:
    """The first bracket of `text` that is never closed; "a)" and ":)" close none."""
    waiting: list[str] = []
    for character in text:
        if character in _PAIRS.values():
            waiting.append(character)
        elif character in _PAIRS and waiting and waiting[-1] == _PAIRS[character]:
            waiting.pop()
    return waiting[0] if waiting else None
