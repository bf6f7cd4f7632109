"""Material with weights that are planted: what a validation must find is known beforehand."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pandas as pd

from kpod.step_splitting import split_steps
from kpod.tasks.small_world import generate_problems
from kpod.tasks.small_world.roles import token_roles
from kpod.weight_validation.material import Material, make_material


def planted(
    rationales: list[str],
    weight: Callable[[str], float],
    questions: list[str] | None = None,
    *,
    roles: list | None = None,
) -> Material:
    """One token a word, digit, sign or white space; the weight of each by its text without white space around it."""
    frames = []
    for index, text in enumerate(rationales):
        spans = [match.span() for match in re.finditer(r" ?[A-Za-z]+|\d|\s|[^\sA-Za-z\d]", text)]
        edges = [start for start, _ in split_steps(text)]
        frame = {
            "question_index": index,
            "position": range(len(spans)),
            "character_start": [start for start, _ in spans],
            "character_end": [end for _, end in spans],
            "step": [max(0, int(np.searchsorted(edges, (a + b) / 2, side="right")) - 1) for a, b in spans],
            "weight": [weight(text[start:end].strip()) for start, end in spans],
        }
        if roles is not None:
            frame["role"] = token_roles(text, spans, roles[index])
        frames.append(pd.DataFrame(frame))
    table = pd.DataFrame(
        {
            "question": [f"q{index}" for index in range(len(rationales))],
            "text": questions or ["How many?"] * len(rationales),
            "rationale": rationales,
        }
    )
    return make_material(table, pd.concat(frames, ignore_index=True))


def planted_world(weight: Callable[[str], float], count: int = 20) -> Material:
    """The same for problems of the small world, whose roles are true; `weight` takes a role."""
    problems = [problem.question for problem in generate_problems(count, seed=5)]
    material = planted(
        [problem.rationale for problem in problems],
        lambda text: 0.0,
        [problem.text for problem in problems],
        roles=[problem.roles for problem in problems],
    )
    material.tokens["weight"] = [weight(role) for role in material.roles]
    return material
