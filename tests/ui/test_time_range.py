"""Times within limits, in words."""

from __future__ import annotations

import pytest

from kpod.ui.time_range import time_range


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (0, 2, "5 s"),
        (12, 41, "10 to 40 s"),
        (85, 600, "1 to 10 min"),
        (20, 120, "0.3 to 2 min"),
        (0, 120, "0.1 to 2 min"),
        (58, 95, "1 to 2 min"),
        (118, 122, "2 min"),
        (600, 9_000, "0.2 to 2.5 h"),
        (9_000, 90_000, "2.5 to 25 h"),
        (90_000, 900_000, "1.0 to 10 days"),
    ],
)
def test_a_range_of_times_has_one_unit(low, high, text):
    assert time_range(low, high) == text
