"""The tables of an ablation in Markdown: a table for every value that is varied, and one of every run. No torch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from kpod.ablation_store import CELL_COLUMNS
from kpod.markdown_tables import markdown_cell, markdown_table

_HOW = (
    "All methods are given the same number of {equal}. Accuracy: mean over seeds with its bootstrap interval; "
    "difference: paired bootstrap over seeds and questions; p: exact paired sign-flip test; intervals are of 95%."
)
_DEPARTURES = (
    "Of all questions, the share whose wrong answer first parts from the gold or teacher's solution so: mean over "
    "seeds with its bootstrap interval."
)


def markdown(summary: pd.DataFrame, departures: pd.DataFrame, results: pd.DataFrame, title: str, equal: str) -> str:
    """The summary, the departures of wrong answers and the results for a report."""
    parts = [f"# {markdown_cell(title)}", _HOW.format(equal=equal), summary_markdown(summary)]
    if len(departures):
        parts += ["## Where wrong answers part from the solution", _DEPARTURES, markdown_table(_departures(departures))]
    return "\n\n".join([*parts, "## Every run", "Intervals are Wilson's.", markdown_table(_every_run(results))]) + "\n"


def summary_markdown(summary: pd.DataFrame) -> str:
    """A row a method and evaluation set; where something is varied, a table under a heading for each value."""
    if CELL_COLUMNS[0] not in summary:
        return markdown_table(_summary_rows(summary))
    parts = []
    for (setting, value), rows in summary.groupby(list(CELL_COLUMNS), sort=False):
        parts += [f"## {markdown_cell(setting)}: {markdown_cell(value)}", markdown_table(_summary_rows(rows))]
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


def _departures(departures: pd.DataFrame) -> pd.DataFrame:
    """A row a method (of a value, on a set), a column a departure."""
    keys = [column for column in (*CELL_COLUMNS, "evaluation_set", "label") if column in departures]
    told = departures.assign(told=[_interval(*row) for row in departures[["share", "low", "high"]].to_numpy()])
    kinds = departures["departure"].unique()
    rows = [
        dict(zip(keys, key, strict=True)) | dict(zip(each["departure"], each["told"], strict=True))
        for key, each in told.groupby(keys, sort=False)
    ]
    return pd.DataFrame(rows, columns=[*keys, *kinds]).rename(
        columns={"evaluation_set": "evaluation set", "label": "method"}
    )


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
