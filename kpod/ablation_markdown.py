"""The tables of an ablation in Markdown: methods for every value that is varied, by steps, by cost, and every run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from kpod.ablation_store import CELL_COLUMNS
from kpod.markdown_tables import markdown_cell, markdown_table
from kpod.results import PLAIN_METHOD

_HOW = (
    "All methods are given the same number of {equal}. Accuracy: mean over seeds with its bootstrap interval; "
    "difference: paired bootstrap over seeds and questions; p: exact paired sign-flip test; intervals are of 95%."
)
_DEPARTURES = (
    "Of all questions, the share whose wrong answer first parts from the gold or teacher's solution so: mean over "
    "seeds with its bootstrap interval."
)
_HOW_BY_STEPS = (
    "That the questions take. Accuracy: mean over seeds with its bootstrap interval; then the difference to the "
    "reference in percentage points and its p by the same test on these questions, Holm over methods and numbers of "
    "steps."
)
_HOW_COST = "Mean seconds of a run by stage, as if no stage were shared; stages of under a second in all are left out."
_LEAST_SECONDS = 1.0


def markdown(tables: str, results: pd.DataFrame, title: str, equal: str) -> str:
    """All tables for a report; `tables` is `tables_markdown`."""
    parts = [f"# {markdown_cell(title)}", _HOW.format(equal=equal), tables]
    return "\n\n".join([*parts, "## Every run", "Intervals are Wilson's.", markdown_table(_every_run(results))]) + "\n"


def tables_markdown(
    summary: pd.DataFrame, by_steps: pd.DataFrame, departures: pd.DataFrame, results: pd.DataFrame
) -> str:
    """What the methods came to, by number of steps and by where wrong answers part, and where their time went."""
    parts = [_by_value(summary, _summary_rows)]
    if len(by_steps):
        parts += ["## By number of steps", _HOW_BY_STEPS, _by_value(by_steps, _rows_by_steps, "###")]
    if len(departures):
        parts += ["## Where wrong answers part from the solution", _DEPARTURES]
        parts.append(_by_value(departures, _departures_rows, "###"))
    return "\n\n".join([*parts, "## Where the time goes", _HOW_COST, _by_value(results, _cost_rows, "###")])


def _by_value(table: pd.DataFrame, rows_of: Callable[[pd.DataFrame], pd.DataFrame], mark: str = "##") -> str:
    """The rows of a table; where something is varied, those of each value under a heading."""
    if CELL_COLUMNS[0] not in table:
        return markdown_table(rows_of(table))
    parts = []
    for (setting, value), rows in table.groupby(list(CELL_COLUMNS), sort=False):
        parts += [f"{mark} {markdown_cell(setting)}: {markdown_cell(value)}", markdown_table(rows_of(rows))]
    return "\n\n".join(parts)


def _summary_rows(summary: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "evaluation set": summary["evaluation_set"],
            "method": summary["label"],
            "seeds": summary["seeds"],
            "accuracy": [_interval(*row) for row in summary[["accuracy", "low", "high"]].to_numpy()],
            "difference": [
                "reference" if row.is_reference else _difference(row) for row in summary.itertuples(index=False)
            ],
            "p": summary["p_value"].map(_p),
            "p, Holm": summary["p_adjusted"].map(_p),
            "supervised tokens": summary["supervised_tokens"].map("{:,.0f}".format),
            "seconds": summary["seconds"].map("{:,.0f}".format),
        }
    )


def _departures_rows(departures: pd.DataFrame) -> pd.DataFrame:
    """A row a method, a column a departure."""
    rows = []
    for (evaluation_set, label), each in departures.groupby(["evaluation_set", "label"], sort=False):
        told = [_interval(*row) for row in each[["share", "low", "high"]].to_numpy()]
        rows.append(
            {"evaluation set": evaluation_set, "method": label} | dict(zip(each["departure"], told, strict=True))
        )
    return pd.DataFrame(rows).fillna("")


def _rows_by_steps(table: pd.DataFrame) -> pd.DataFrame:
    """A row a method, a column a number of steps: accuracy, then the difference where there is a test of it."""
    rows = []
    for (evaluation_set, label), each in table.groupby(["evaluation_set", "label"], sort=False):
        row = {"evaluation set": evaluation_set, "method": label}
        for entry in each.sort_values("num_steps").itertuples(index=False):
            column = f"{entry.num_steps} step{'s' if entry.num_steps > 1 else ''}"
            row[column] = _interval(entry.accuracy, entry.low, entry.high)
            if hasattr(entry, "p_adjusted") and not np.isnan(entry.p_adjusted):  # tables of before it was tested
                row[column] += f"; {100 * entry.difference:+.1f}, p {_p(entry.p_adjusted)}"
        rows.append(row)
    return pd.DataFrame(rows).fillna("")


def _cost_rows(results: pd.DataFrame) -> pd.DataFrame:
    """Mean seconds of every stage by method over its runs, and all of them against plain distillation's."""
    stages = [column for column in results if column.startswith("seconds_")]
    means = results.drop_duplicates("run").groupby("label", sort=False)[["seconds", *stages]].mean()
    shown = [stage for stage in stages if (means[stage] >= _LEAST_SECONDS).any()]
    plain = results.loc[results["method"] == PLAIN_METHOD, "label"]
    rows = pd.DataFrame({"method": means.index, "seconds": means["seconds"].map("{:,.0f}".format).to_numpy()})
    if len(plain):
        rows["against plain"] = (means["seconds"] / means.loc[plain.iloc[0], "seconds"]).map("{:.2f}".format).to_numpy()
    for stage in shown:
        told = means[stage].map(lambda value: "" if np.isnan(value) else f"{value:,.1f}")
        rows[stage.removeprefix("seconds_").replace("_", " ")] = told.to_numpy()
    return rows


def _every_run(results: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {column: results[column] for column in CELL_COLUMNS if column in results}
        | {
            "evaluation set": results["evaluation_set"],
            "method": results["label"],
            "seed": results["seed"],
            "right": [f"{row.correct} of {row.questions}" for row in results.itertuples(index=False)],
            "accuracy": [_interval(*row) for row in results[["accuracy", "low", "high"]].to_numpy()],
            "no answer": results["no_answer"],
            "supervised tokens": results["supervised_tokens"].map("{:,}".format),
            "seconds": results["seconds"].map("{:,.0f}".format),
        }
    )


def _interval(value: float, low: float, high: float) -> str:
    return f"{value:.1%} ({low:.1%} to {high:.1%})"


def _difference(row: Any) -> str:
    if np.isnan(row.difference):
        return ""
    return f"{100 * row.difference:+.1f} ({100 * row.difference_low:+.1f} to {100 * row.difference_high:+.1f})"


def _p(value: float) -> str:
    if np.isnan(value):
        return ""
    return f"{value:.3f}" if value >= 0.001 else "< .001"
