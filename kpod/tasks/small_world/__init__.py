"""The small world: word problems of our own making, of which everything is known. Numeric answers.

Ada has 12 kiwis. Ben has twice as many kiwis as Ada. How many kiwis does Ben have?
-> So Ben has 2 * 12 = 24 kiwis.   (filler "So", name, number, operator, number, operator, result, unit)
"""

from kpod.tasks.numeric import numeric_task
from kpod.tasks.small_world.files import (
    PREFIX,
    problem_rows,
    small_world_problems,
    small_world_questions,
    with_option,
    write_questions,
)
from kpod.tasks.small_world.options import WorldOptions
from kpod.tasks.small_world.problems import Problem, StepDrivers, generate_problems
from kpod.tasks.small_world.roles import IDLE_ROLES, KEY_ROLES, ROLES, token_roles

TASK = numeric_task("small_world", "Small world (made by a seed)")

__all__ = [
    "IDLE_ROLES", "KEY_ROLES", "PREFIX", "ROLES", "TASK", "Problem", "StepDrivers", "WorldOptions", "generate_problems",
    "problem_rows", "small_world_problems", "small_world_questions", "token_roles", "with_option",
    "write_questions",
]  # fmt: skip
