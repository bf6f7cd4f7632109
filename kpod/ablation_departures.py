"""In which way the wrong answers of an ablation's methods part from the solution, over its seeds. No torch."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from kpod import methods
from kpod.ablation_store import CELL_COLUMNS, Cell, cell_columns
from kpod.results import DISTILLED, answer_table
from kpod.run_store import Run
from kpod.statistics import bootstrap_interval, wilson_interval
from kpod.wrong_answers import DEPARTURES, departures


def departures_table(runs: Sequence[tuple[Cell, Run]]) -> pd.DataFrame:
    """One row a varied value, method, evaluation set and way in which wrong answers part from the solution."""
    found: dict[tuple[str, ...], list[pd.Series]] = {}
    for cell, run in runs:
        answers = answer_table(run.predictions, run.questions, run.config.steps.mode)
        answers = answers[answers["student"] == DISTILLED]
        for evaluation_set, each in answers.assign(departure=departures(answers)).groupby("evaluation_set", sort=False):
            key = (cell.setting, cell.value, str(evaluation_set), cell.method)
            found.setdefault(key, []).append(each["departure"])
    occurring = {kind for seeds in found.values() for each in seeds for kind in each.unique()}
    rows = []
    for (setting, value, evaluation_set, method), seeds in found.items():
        for kind in (kind for kind in DEPARTURES if kind in occurring):
            counts = [int((each == kind).sum()) for each in seeds]
            shares = [count / len(each) for count, each in zip(counts, seeds, strict=True)]
            interval = bootstrap_interval(shares) if len(seeds) > 1 else wilson_interval(counts[0], len(seeds[0]))
            rows.append(
                cell_columns(setting, value)
                | {"evaluation_set": evaluation_set, "method": method, "label": methods.get(method).label}
                | {"departure": kind, "questions": sum(map(len, seeds)), "wrong": sum(counts)}
                | {"share": sum(shares) / len(shares), "low": interval[0], "high": interval[1]}
            )
    columns = ["evaluation_set", "method", "label", "departure", "questions", "wrong", "share", "low", "high"]
    varied = list(CELL_COLUMNS) if any(cell.setting for cell, _ in runs) else []
    return pd.DataFrame(rows, columns=[*varied, *columns])
