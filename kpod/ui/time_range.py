"""A time that is known within limits, in words."""

from __future__ import annotations


def time_range(low: float, high: float) -> str:
    """Two times as one reads them, in the larger one's unit: `1 to 3 min`, `0.7 to 2.5 h`."""
    unit, size, _ = next(each for each in _UNITS if high < each[2])
    first, second = (_in_unit(seconds / size, unit) for seconds in (low, high))
    return f"{second} {unit}" if first == second else f"{first} to {second} {unit}"


_UNITS = (("s", 1, 90), ("min", 60, 5_400), ("h", 3_600, 259_200), ("days", 86_400, float("inf")))
"""Name, seconds in it, and from how many seconds on the next one is used."""


def _in_unit(value: float, unit: str) -> str:
    if unit == "s":
        return str(max(5, 5 * round(value / 5)))
    is_fine = value < 0.95 or (unit != "min" and value < 9.95)
    return f"{max(value, 0.1):.1f}" if is_fine else f"{value:.0f}"
