"""The progressive schedule: how many steps of each rationale are given as input, epoch by epoch (Eq.
9-13)."""

from kpod.curriculum.budget import difficulty_budget
from kpod.curriculum.builder import build_schedule
from kpod.curriculum.schedule import Schedule
from kpod.curriculum.selection import SELECTORS, Selection, select_questions
from kpod.curriculum.steps import StepTable

__all__ = [
    "SELECTORS",
    "Schedule",
    "Selection",
    "StepTable",
    "build_schedule",
    "difficulty_budget",
    "select_questions",
]
