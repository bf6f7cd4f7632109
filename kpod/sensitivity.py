"""Sensitivity: how the accuracy changes with one setting, from runs that differ from a run in that setting alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from kpod.config import RunConfig
from kpod.config_forms import differences, values_of
from kpod.results import distilled
from kpod.statistics import wilson_interval

# They say who and where, and not what is done: runs that differ in them are runs of one configuration.
NOMINAL = frozenset({"name", "seed", "student.device"})
_COLUMNS = ("setting", "value", "key", "seed", "evaluation_set", "questions", "correct", "accuracy", "low", "high")

Measured = tuple[RunConfig, pd.DataFrame]


def sensitivity_table(chosen: Measured, others: Mapping[str, Measured]) -> pd.DataFrame:
    """A row a setting, run and evaluation set: this run and every one that differs from it in that setting alone.

    `chosen` and `others` (by key) are configurations with their answers (`kpod.results.answer_table`). A run that
    differs in no setting but its seed stands beside the chosen one at every setting. Columns: setting (its path),
    value, key (None for the chosen run), seed, evaluation_set, questions, correct, accuracy, low and high (95% Wilson);
    sorted by setting, evaluation set, value and seed.
    """
    config, answers = chosen
    apart = {key: _differences(other, config) for key, (other, _) in others.items()}
    rows = []
    for setting in sorted({next(iter(each)) for each in apart.values() if len(each) == 1}):
        before = values_of(config)[setting]
        rows += _rows(setting, before, None, config, answers)
        for key, changed in apart.items():
            if not changed or list(changed) == [setting]:
                rows += _rows(setting, changed[setting][1] if changed else before, key, *others[key])
    table = pd.DataFrame(rows, columns=list(_COLUMNS))
    for name in ("value", "key"):  # pandas would make numbers of them, and NaN of None
        table[name] = pd.Series([row[_COLUMNS.index(name)] for row in rows], dtype=object)
    known = set(distilled(answers)["evaluation_set"])
    table = table[table["evaluation_set"].isin(known)]
    order = table["value"].map(_place)
    return (
        table.assign(place=order)
        .sort_values(["setting", "evaluation_set", "place", "seed"], kind="stable", ignore_index=True)
        .drop(columns="place")
    )


def _differences(config: RunConfig, base: RunConfig) -> dict[str, tuple[Any, Any]]:
    found = differences(values_of(config), base)
    return {path: values for path, values in found.items() if path not in NOMINAL}


def _rows(setting: str, value: Any, key: str | None, config: RunConfig, answers: pd.DataFrame) -> list[tuple]:
    rows = []
    for name, group in distilled(answers).groupby("evaluation_set", sort=True):
        right, count = int(group["correct"].sum()), len(group)
        accuracy = (right / count, *wilson_interval(right, count))
        rows.append((setting, value, key, config.seed, name, count, right, *accuracy))
    return rows


def _place(value: Any) -> tuple[int, float, str]:
    """Where a value stands among others: unset first, then numbers by size, then texts."""
    if value is None:
        return 0, 0.0, ""
    if isinstance(value, int | float):
        return 1, float(value), ""
    return 2, 0.0, str(value)
