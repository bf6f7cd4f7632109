"""Temperature and hardness over the generator's steps, hand-worked."""

from __future__ import annotations

import pytest

from tests.support.mask_learning import options


@pytest.mark.parametrize(
    ("schedule", "expected"), [("constant", [0.5] * 3), ("linear", [4.0, 2.25, 0.5]), ("geometric", [4.0, 2**0.5, 0.5])]
)
def test_the_temperature_falls_from_its_start(schedule, expected):
    chosen = options(temperature=0.5, temperature_start=4.0, temperature_schedule=schedule)
    assert [chosen.temperature_at(share) for share in (0.0, 0.5, 1.0)] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("sampling", "expected"), [("soft", [0, 0, 0]), ("hard", [1, 1, 1]), ("annealed", [0, 0.5, 1])]
)
def test_samples_harden(sampling, expected):
    assert [options(sampling=sampling).hardness_at(share) for share in (0.0, 0.5, 1.0)] == expected


def test_how_many_prefixes_are_sampled():
    assert [options(prefixes=prefixes).num_sampled for prefixes in ("steps", "all", "sample:12")] == [None, None, 12]
