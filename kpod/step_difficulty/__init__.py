"""How hard each reasoning step is for the student before distillation (Eq. 8). No torch here."""

from kpod.step_difficulty.flat import flat_step_difficulties
from kpod.step_difficulty.single import WEIGHTINGS, step_difficulties

__all__ = ["WEIGHTINGS", "flat_step_difficulties", "step_difficulties"]
