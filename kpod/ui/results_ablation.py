"""The tables and figures of ablations: methods by their accuracy over seeds, by number of steps, and by cost."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from kpod.ablation_store import Ablation, list_ablations
from kpod.charts.results import methods_figure, steps_figure
from kpod.charts.text import one_line
from kpod.run_store import Run
from kpod.ui import address, parts
from kpod.ui.results_parts import download, set_choice, share_table
from kpod.ui.saved_figures import figure

_TITLES = {
    "summary": "Over the seeds",
    "results": "Every method and seed, with what it cost",
    "by_steps": "By number of steps",
}
_SHARES = ("accuracy", "low", "high", "base_accuracy", "difference", "difference_low", "difference_high")


def ablations(run: Run) -> None:
    """The choice of an ablation, and what it found. `run` names the downloads."""
    found = {ablation.folder.name: ablation for ablation in list_ablations()}
    if not found:
        parts.empty_state(
            "No ablations yet",
            "An ablation runs several methods under several seeds from one configuration, and compares them. Make one:",
            command="python -m kpod ablate --preset nano",
            further="python -m kpod ablate --help says how to choose methods and seeds.",
        )
        return
    address.settle("ablation", list(found))
    name = st.selectbox(
        "Ablation",
        list(found),
        format_func=lambda key: f"{one_line(found[key].name, 60)} · {one_line(key, 40)} · {found[key].status}",
        key="ablation",
        width=560,
    )
    ablation = found[name]
    if not ablation.has("summary"):
        parts.empty_state(
            "No run of this ablation has finished yet",
            "Its tables appear as its runs finish. Go on with:",
            command=f"python -m kpod ablate --resume {ablation.folder}",
        )
        return
    _shown(run, ablation)


def _shown(run: Run, ablation: Ablation) -> None:
    summary = ablation.table("summary")
    shown = set_choice(summary)
    chosen = shown["evaluation_set"].iloc[0]
    by_steps = ablation.table("by_steps") if ablation.has("by_steps") else summary.iloc[:0]
    steps = by_steps[by_steps["evaluation_set"] == chosen] if len(by_steps) else by_steps
    left, right = st.columns(2, gap="large")
    with left:
        parts.section(
            "Accuracy by method", "Means over seeds with 95% bootstrap intervals; the reference is a diamond."
        )
        figure(methods_figure(shown), "ablation-methods")
    with right:
        parts.section("By number of steps", "Of the question's own rationale, over all seeds; 95% Wilson intervals.")
        if len(steps):
            figure(steps_figure(steps, by="label"), "ablation-steps")
        else:
            parts.empty_state("No numbers of steps", "The evaluation questions come without rationales.")
    for name, title in _TITLES.items():
        if ablation.has(name) and len(table := ablation.table(name)):
            parts.section(title)
            _table(table, name)
            download(run, table, f"ablation-{name}")


def _table(table: pd.DataFrame, name: str) -> None:
    numbers = {
        column: st.column_config.NumberColumn(column.replace("_", " "), format="%.4f" if "p_" in column else "%.1f")
        for column in table
        if column in ("p_value", "p_adjusted", "no_answer") or column.startswith("seconds")
    }
    text = table.select_dtypes(["object", "string"]).columns
    shown = table.assign(**{column: [one_line(str(each), 80) for each in table[column]] for column in text})
    share_table(shown, f"ablation-{name}-table", _SHARES, **numbers)
