"""What a token looks like."""

from __future__ import annotations

import pytest

from kpod.token_analysis import CLASSES, number_spans, token_class


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("7", "digit"),
        (" 12", "digit"),
        ("3.5", "digit"),
        ("1,000", "digit"),
        ("٣", "digit"),
        (" +", "operator"),
        ("×", "operator"),
        ("=", "operator"),
        ("%", "operator"),
        (" trees", "word"),
        ("x2", "word"),
        ("日本", "word"),
        (".", "punctuation"),
        (",", "punctuation"),
        ("?!", "punctuation"),
        ("(", "punctuation"),
        ("\n", "space"),
        ("  ", "space"),
        ("", "other"),
        ("$", "other"),
        ("\u200b", "other"),
        ("🇩🇪", "other"),
    ],
)
def test_the_kind_of_a_token(text, kind):
    assert token_class(text) == kind
    assert kind in CLASSES


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("So 12 + 3.5 = 15.5.", ["12", "3.5", "15.5"]),
        ("1,000,000.25 coins", ["1,000,000.25"]),
        ("1,23 and 1,2345 and 1234,567", ["1", "23", "1", "2345", "1234", "567"]),
        ("at 3, 4 or 5", ["3", "4", "5"]),
        ("x2 ٣ 7%", ["2", "٣", "7"]),
        ("none", []),
    ],
)
def test_where_numbers_are(text, numbers):
    assert [text[start:end] for start, end in number_spans(text)] == numbers
