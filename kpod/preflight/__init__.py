"""Checks before a run starts, with an estimate of its time, memory and disk. No torch."""

from kpod.preflight.check import Preflight, check
from kpod.preflight.problem import Problem

__all__ = ["Preflight", "Problem", "check"]
