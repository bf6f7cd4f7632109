"""What makes a step hard, measured against the truth: a run's step difficulties by what drives them in the small world.

The drivers (`kpod.tasks.small_world.StepDrivers`) are known by the run's data source, which makes the same problems
again. No torch.
"""

from __future__ import annotations

import pandas as pd

from kpod.curriculum.ranks import spearman
from kpod.errors import InputError
from kpod.run_store import Run
from kpod.tasks.small_world import PREFIX, small_world_problems

NOTHING = "none"
"""The operation of a sentence that calculates nothing: restated or irrelevant."""

ORDERED = {"num_earlier": "operands from earlier steps", "largest": "largest number", "carries": "carries or borrows"}
SIZES = (0, 10, 20, 30, 40)
"""Where groups of the largest number begin; the last has all from there on."""


def step_drivers(run: Run) -> pd.DataFrame:
    """One row a step of a training question: question, step, difficulty, operation (`NOTHING` for a sentence without),
    relation, largest, num_earlier, carries.

    Raises InputError for a run without difficulties, or whose data are no small world or were changed since.
    """
    source = run.config.data.source
    if not source.startswith(PREFIX):
        raise InputError(
            f"The data of run {run.name!r} are {source!r}; what drives a step is known in the small world alone. "
            "Take a run of the preset nano."
        )
    steps = run.table("steps", columns=["question", "step", "character_start", "character_end", "difficulty"])
    problems = {problem.question.id: problem for problem in small_world_problems(source)}
    known = [
        (problem.question.id, each.start, each.end, each.operation or NOTHING, each.relation or NOTHING, each.largest,
         each.num_earlier, each.carries)
        for problem in problems.values() for each in problem.steps
    ]  # fmt: skip
    keys = ["question", "character_start", "character_end"]
    truth = pd.DataFrame(known, columns=[*keys, "operation", "relation", "largest", "num_earlier", "carries"])
    found = steps.merge(truth, "left", on=keys)
    if strange := int(found["operation"].isna().sum()):
        raise InputError(
            f"{strange} of {len(found)} steps of run {run.name!r} are none of the problems "
            f"that {source!r} makes: it split or changed the rationales. Take a run with steps.mode=sentence."
        )
    types = {"largest": int, "num_earlier": int, "carries": bool}
    return found.drop(columns=keys[1:]).astype(types)


def driver_table(steps: pd.DataFrame) -> pd.DataFrame:
    """How difficulty goes with each driver, from `step_drivers`: a row a driver and group of its values.

    Columns: driver, value, steps, difficulty (mean), median, and spearman: the rank correlation of difficulty with the
    driver over all calculations, in the first row of a driver that has an order (NaN elsewhere). All but `operation`
    are about sentences that calculate.
    """
    calculating = steps[steps["operation"] != NOTHING]
    sizes = pd.cut(calculating["largest"], [*SIZES, float("inf")], right=False, labels=[_size(at) for at in SIZES])
    groups = {
        "operation": steps["operation"],
        ORDERED["num_earlier"]: calculating["num_earlier"],
        ORDERED["largest"]: sizes,
        ORDERED["carries"]: calculating["carries"].map({False: "no", True: "yes"}),
    }
    columns = {title: name for name, title in ORDERED.items()}
    rows = []
    for driver, values in groups.items():
        correlation = float("nan")
        if driver in columns:
            own = calculating[columns[driver]].to_numpy(dtype=float)
            correlation = spearman(calculating["difficulty"].to_numpy(), own)
        grouped = steps.loc[values.index, "difficulty"].groupby(values, observed=True)
        for value, each in grouped:
            rows.append((driver, str(value), len(each), float(each.mean()), float(each.median()), correlation))
            correlation = float("nan")
    return pd.DataFrame(rows, columns=["driver", "value", "steps", "difficulty", "median", "spearman"])


def _size(start: int) -> str:
    following = [each for each in SIZES if each > start]
    return f"{start} to {following[0] - 1}" if following else f"{start} or more"
