"""The difficulty budget over the stages (Eq. 9-11)."""

from __future__ import annotations

import math
from numbers import Integral

import numpy as np

from kpod.errors import InputError


def difficulty_budget(stage, total, initial, num_stages, power=0.5) -> float:
    """D(t), the difficulty that may be supervised up to `stage`, in nats (Eq. 10).

    It grows at the rate dD/dt = u t^p (Eq. 9) from D(0) = `initial` = C0, with u = (B - C0)(p + 1) / T^(p
    + 1) (Eq. 11) such that D(T) = `total` = B:  D(t) = u t^(p + 1) / (p + 1) + C0 = C0 + (B - C0)(t /
    T)^(p + 1). `stage` t is in 0..`num_stages` = T, and need not be whole.

    Raises InputError for a stage outside 0..T, T < 1, an `initial` outside 0..`total`, or `power` <= -1.
    """
    check_stages(num_stages, power)
    if not (math.isfinite(total) and total >= 0):
        raise InputError(f"the total difficulty is {total}; it must be a finite number, at least 0")
    if not 0 <= initial <= total:
        raise InputError(f"the initial budget is {initial}; it must be in 0..{total}, the total difficulty")
    if not 0 <= stage <= num_stages:
        raise InputError(f"stage {stage} arrived; stages run from 0 to num_stages = {num_stages}")
    return float(initial + (total - initial) * (stage / num_stages) ** (power + 1))


def budgets_by_stage(total: float, initial: float, num_stages: int, power: float) -> np.ndarray:
    """D(0), ..., D(T) as one array (num_stages + 1,)."""
    return np.array([difficulty_budget(stage, total, initial, num_stages, power) for stage in range(num_stages + 1)])


def is_whole(value) -> bool:
    """Whether it is an integer of Python or numpy; True and False are not."""
    return isinstance(value, Integral) and not isinstance(value, bool)


def check_stages(num_stages, power) -> None:
    """InputError unless T >= 1 is whole and p > -1 (below it the integral of t^p diverges)."""
    if not is_whole(num_stages) or num_stages < 1:
        raise InputError(f"num_stages is {num_stages}; it must be a whole number, at least 1")
    if not math.isfinite(power) or power <= -1:
        raise InputError(f"power is {power}; it must be a number above -1 (the paper's is 0.5)")
