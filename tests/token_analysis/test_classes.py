"""What a token looks like."""

from __future__ import annotations

import pytest

from kpod.token_analysis import CLASSES, token_class


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
