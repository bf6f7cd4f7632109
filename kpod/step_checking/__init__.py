"""Is a rationale's arithmetic right? Equations found in each step, worked out, and compared with what they state."""

from kpod.step_checking.steps import (
    HOLDS,
    UNCHECKED,
    WRONG,
    CheckedStep,
    check_steps,
    first_wrong_step,
    numbers_apart,
)

__all__ = ["HOLDS", "UNCHECKED", "WRONG", "CheckedStep", "check_steps", "first_wrong_step", "numbers_apart"]
