"""The progressive schedule: how many steps of each rationale are given as input, epoch by epoch (Eq. 9-13)."""

from kpod.curriculum.budget import difficulty_budget
from kpod.curriculum.builder import build_schedule
from kpod.curriculum.rivals import CURRICULA, CurriculumState, StagePlan, curriculum_inputs, make_curriculum
from kpod.curriculum.robustness import robustness_report
from kpod.curriculum.schedule import Schedule
from kpod.curriculum.selection import SELECTORS, Selection, select_questions
from kpod.curriculum.steps import StepTable
from kpod.curriculum.what_if import ScheduleReport, describe_schedule, schedule_report

__all__ = [
    "CURRICULA",
    "SELECTORS",
    "CurriculumState",
    "Schedule",
    "ScheduleReport",
    "Selection",
    "StagePlan",
    "StepTable",
    "build_schedule",
    "curriculum_inputs",
    "describe_schedule",
    "difficulty_budget",
    "make_curriculum",
    "robustness_report",
    "schedule_report",
    "select_questions",
]
