"""Occurrences of a word in their context, worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from kpod.token_analysis import find_occurrences, in_context

TEXTS = ["So 12 + 2 = 14 pens.", None, "Two pens, 2.5 pens and a Pen."]
PIECES = {
    0: ["So", " 1", "2", " +", " 2", " =", " 1", "4", " pens", "."],
    2: ["Two", " pens", ",", " 2", ".", "5", " pens", " and", " a", " P", "en", "."],
}
ROWS = [
    (index, len("".join(pieces[:j])), len("".join(pieces[: j + 1])))
    for index, pieces in PIECES.items()
    for j in range(len(pieces))
]
QUESTION, STARTS, ENDS = (np.array(column) for column in zip(*ROWS, strict=True))
WEIGHTS = np.arange(len(ROWS)) / 100
STEPS = np.zeros(len(ROWS), dtype=int)


def found(query: str, **options) -> list[tuple[int, str]]:
    hits = find_occurrences(TEXTS, query, QUESTION, STARTS, ENDS, **options)
    return [
        (i, TEXTS[i][a:b])
        for i, a, b in zip(hits.question_index.tolist(), hits.starts.tolist(), hits.ends.tolist(), strict=True)
    ]


def test_a_whole_word_in_any_case_or_as_written():
    assert found("pens") == [(0, "pens"), (2, "pens"), (2, "pens")]
    assert found(" PEN ") == [(2, "Pen")]
    assert found("pen", match_case=True) == []


def test_a_number_is_no_part_of_another():
    assert found("2") == [(0, "2")]  # neither of 12 nor of 2.5
    assert found("14") == [(0, "14")]
    assert found("2.5") == [(2, "2.5")]


def test_exactly_what_a_token_shows():
    assert found("2", match="token") == [(0, "2"), (0, "2"), (2, "2")]  # of 12, alone, of 2.5
    assert found("12", match="token") == []
    assert found("en", match="token") == [(2, "en")]


def test_anywhere_and_phrases_and_signs():
    assert found("en", match="anywhere") == [(0, "en"), (2, "en"), (2, "en"), (2, "en")]
    assert found("pens and") == [(2, "pens and")]
    assert found("=") == [(0, "=")]


@pytest.mark.parametrize("query", ["", "   ", "(", "[a-", "\\", ".*", "zebra"])
def test_what_is_not_there_or_looks_like_a_pattern_finds_nothing(query):
    assert found(query) == []


def test_weight_loss_and_context_of_an_occurrence():
    hits = find_occurrences(TEXTS, "12", QUESTION, STARTS, ENDS)
    row = in_context(hits, TEXTS, WEIGHTS, STEPS, nll=np.ones(len(ROWS)), width=4).iloc[0]
    assert (row["left"], row["text"], row["right"]) == ("So ", "12", " + 2")
    assert row["weight"] == pytest.approx((0.01 + 0.02) / 2)
    assert row["nll"] == 2.0 and row["tokens"] == 2 and row["token_row"] == 1


def test_no_occurrence_is_an_empty_table():
    hits = find_occurrences(TEXTS, "zebra", QUESTION, STARTS, ENDS)
    assert len(in_context(hits, TEXTS, WEIGHTS, STEPS)) == 0


def test_text_that_no_token_covers_is_left_out():
    none = np.zeros(0, dtype=int)
    assert len(find_occurrences(TEXTS, "pens", none, none, none).starts) == 0
    cut = QUESTION == 2  # rationale 0 has no tokens
    assert len(find_occurrences(TEXTS, "pens", QUESTION[cut], STARTS[cut], ENDS[cut]).starts) == 2


def test_tokens_that_share_characters_are_found():
    # Three bytes of one character: three tokens of one span.
    spans = np.zeros(4, int), np.array([0, 0, 0, 1]), np.array([1, 1, 1, 2])
    hits = find_occurrences(["日本"], "日", *spans, match="anywhere")
    assert (hits.first.tolist(), hits.last.tolist()) == ([0], [2])
