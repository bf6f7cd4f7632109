"""Rationales of a teacher: which of them a student may learn from, and what is wrong with the others. No torch."""

from kpod.teacher.filtering import Rules, filter_rationales
from kpod.teacher.findings import REASONS, Finding
from kpod.teacher.report import CheckReport
from kpod.teacher.step_counts import steps_of_files

__all__ = ["REASONS", "CheckReport", "Finding", "Rules", "filter_rationales", "steps_of_files"]
