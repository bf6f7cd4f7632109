"""How sensitive the accuracy is to a setting: runs that differ from this one in that setting alone, side by side."""

from __future__ import annotations

import streamlit as st

from kpod.ablation_store import list_ablations
from kpod.charts.results import sensitivity_figure
from kpod.charts.text import one_line
from kpod.config_description import describe_settings
from kpod.run_store import Run
from kpod.sensitivity import Measured, sensitivity_table
from kpod.ui import parts
from kpod.ui.results_parts import answers, download, set_choice, share_table
from kpod.ui.saved_figures import figure

_EXAMPLE = "curriculum.initial_fraction=0.2"


def sensitivity(run: Run, others: dict[str, Run]) -> None:
    """A figure and a table for every setting that the runs here tell something about."""
    known = others | _of_ablations(run)
    table = sensitivity_table((run.config, answers(run)), _measured(known))
    if table.empty:
        parts.empty_state(
            "No run differs from this one in one setting alone",
            "A run of the same configuration with one setting changed appears here beside this one. Make one:",
            command=f"python -m kpod run --config {run.folder / 'config.yaml'} --set {_EXAMPLE}",
            further="Runs under other seeds stand beside this one, so that chance can be told from the setting.",
        )
        return
    table = set_choice(table)
    meanings = {row["setting"]: row["description"] for row in describe_settings()}
    st.caption("Bars are 95% Wilson intervals over the questions. This run is the diamond.")
    for start in range(0, len(names := table["setting"].unique()), 2):
        for column, name in zip(st.columns(2, gap="large"), names[start : start + 2], strict=False):
            with column:
                parts.section(name, meanings.get(name, ""))
                figure(sensitivity_figure(table[table["setting"] == name]), f"sensitivity-{name}")
    shown = table.assign(
        value=[one_line(str(value), 60) for value in table["value"]],
        run=[one_line(run.name if key is None else known[key].name, 80) for key in table["key"]],
    )
    share_table(shown.drop(columns="key"), "sensitivity", ("accuracy", "low", "high"), low="95% from", high="to")
    download(run, shown.drop(columns="key"), "sensitivity")


def _of_ablations(run: Run) -> dict[str, Run]:
    """The runs of all ablations; the list of runs leaves them out."""
    found = {f"{each.folder.name}/{one.folder.name}": one for each in list_ablations() for one in each.runs()}
    return {key: one for key, one in found.items() if one.folder != run.folder}


def _measured(runs: dict[str, Run]) -> dict[str, Measured]:
    """Configuration and answers of every run that has some; a damaged run is left out, saying so."""
    found: dict[str, Measured] = {}
    for key, run in runs.items():
        with parts.guarded():
            if run.has("predictions") and run.has("questions") and len(table := answers(run)):
                found[key] = (run.config, table)
    return found
