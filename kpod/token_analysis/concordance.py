"""Concordance: every occurrence of a word in the corpus, in its context, with the weight it was given there."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

MATCHES = ("word", "token", "anywhere")
"""A whole word or phrase; exactly what one token shows; any stretch of text."""


@dataclass(frozen=True)
class Occurrences:
    """Where a text occurs: question index, characters [start, end), rows of its first and last token; all (found,)."""

    question_index: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    first: np.ndarray
    last: np.ndarray


def find_occurrences(
    rationales: Sequence[str | None],
    query: str,
    question_index: np.ndarray,
    starts: np.ndarray,
    ends: np.ndarray,
    *,
    match: str = "word",
    match_case: bool = False,
) -> Occurrences:
    """Every occurrence of `query` (without white space around it) that tokens cover, in the order of the corpus.

    `rationales` are texts by question index, None where there is none; the arrays (tokens,) are sorted by question and
    then by place. Nothing is prepared beforehand: the texts are searched as they are (seven thousand take a few
    hundredths of a second).
    """
    assert match in MATCHES, match
    pattern = _pattern(query.strip(), match, match_case)
    found = [
        (index, hit.start(), hit.end())
        for index, text in enumerate(rationales)
        if isinstance(text, str)
        for hit in (pattern.finditer(text) if pattern else ())
    ]
    spans = np.array(found, dtype=np.int64).reshape(-1, 3)
    question_index, starts, ends = (np.asarray(part, dtype=np.int64) for part in (question_index, starts, ends))
    first, last = _covering(spans, question_index, starts, ends)
    kept = first == last if match == "token" else first <= last
    spans, first, last = spans[kept], first[kept], last[kept]
    if match == "token":
        around = zip(spans.tolist(), starts[first].tolist(), ends[first].tolist(), strict=True)
        alone = [not (rationales[i][a:start] + rationales[i][end:b]).strip() for (i, start, end), a, b in around]
        whole = np.array(alone, dtype=bool)
        spans, first, last = spans[whole], first[whole], last[whole]
    return Occurrences(*spans.T, first, last)


def in_context(
    found: Occurrences,
    rationales: Sequence[str | None],
    weights: np.ndarray,
    token_steps: np.ndarray,
    nll: np.ndarray | None = None,
    width: int = 60,
) -> pd.DataFrame:
    """One row an occurrence: question_index, start, end, left, text, right (at most `width` characters of context),
    weight (mean over its tokens), tokens, step, token_row (of its first token), and nll (their sum) where given."""
    sizes = found.last - found.first + 1
    frame = pd.DataFrame(
        {
            "question_index": found.question_index,
            "start": found.starts,
            "end": found.ends,
            "weight": _sums(weights, found) / np.maximum(sizes, 1),
            "tokens": sizes,
            "step": np.asarray(token_steps)[found.first],
            "token_row": found.first,
        }
    )
    if nll is not None:
        frame["nll"] = _sums(nll, found)
    places = list(zip(found.question_index.tolist(), found.starts.tolist(), found.ends.tolist(), strict=True))
    frame["left"] = [rationales[i][max(0, start - width) : start] for i, start, _ in places]
    frame["text"] = [rationales[i][start:end] for i, start, end in places]
    frame["right"] = [rationales[i][end : end + width] for i, _, end in places]
    return frame


def _pattern(query: str, match: str, match_case: bool) -> re.Pattern | None:
    if not query:
        return None
    body = r"\s+".join(re.escape(part) for part in query.split())
    if match == "word":  # only where the query itself ends in a letter or digit: "$" and "=" have no word around them
        body = (r"(?<!\w)" if re.match(r"\w", query) else "") + body + (r"(?!\w)" if re.search(r"\w$", query) else "")
        if query[:1].isdigit():  # 5 is no part of 2.5, and not of 1,500
            body = r"(?<!\d[.,])" + body + r"(?![.,]\d)"
    return re.compile(body, 0 if match_case else re.IGNORECASE)


def _covering(
    spans: np.ndarray, question_index: np.ndarray, starts: np.ndarray, ends: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The first and the last token that touch each span (question, start, end); first > last where none does."""
    span_question, span_start, span_end = spans.T
    # One number a place in the corpus. Ends that go back (tokens that share characters) count as their maximum so far.
    token_start, token_end = (question_index << 32) + starts, np.maximum.accumulate((question_index << 32) + ends)
    first = np.searchsorted(token_end, (span_question << 32) + span_start, side="right")
    last = np.searchsorted(token_start, (span_question << 32) + span_end, side="left") - 1
    return first, last


def _sums(values: np.ndarray, found: Occurrences) -> np.ndarray:
    running = np.concatenate([[0.0], np.cumsum(np.asarray(values, dtype=float))])
    return running[found.last + 1] - running[found.first]
