"""The tables and figures of ablations: methods by their accuracy over seeds, by number of steps, and by cost."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from kpod.ablation_export import rerun_command
from kpod.ablation_store import SHIPPED_ABLATIONS, Ablation, list_ablations, shipped_ablations
from kpod.charts.text import one_line
from kpod.run_store import Run
from kpod.ui import address, parts
from kpod.ui.results_ablation_figures import across, cell_choice, methods_and_steps, of_cell
from kpod.ui.results_departures import departures_of
from kpod.ui.results_parts import download, set_choice, share_table

_TITLES = {
    "summary": "Over the seeds",
    "results": "Every method and seed, with what it cost",
    "by_steps": "By number of steps",
    "departures": "Where wrong answers part from the solution",
}
_SHARES = ("accuracy", "share", "low", "high", "base_accuracy", "difference", "difference_low", "difference_high")


def ablations(run: Run) -> None:
    """The choice of an ablation, and what it found. `run` names the downloads."""
    found = {ablation.folder.name: ablation for ablation in list_ablations()}
    found |= {f"shipped/{ablation.folder.name}": ablation for ablation in shipped_ablations(SHIPPED_ABLATIONS)}
    if not found:
        parts.empty_state(
            "No ablations yet",
            "An ablation runs several methods under several seeds from one configuration, and compares them. Make one:",
            command="python -m kpod ablate --preset nano",
            further="python -m kpod ablate --help says how to choose methods, seeds and several runs at a time.",
        )
        return
    address.settle("ablation", list(found))
    name = st.selectbox(
        "Ablation",
        list(found),
        format_func=lambda key: " · ".join([one_line(found[key].name, 60), one_line(key, 40), *_status(found[key])]),
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


def _status(ablation: Ablation) -> list[str]:
    """One that was shipped says so by its name."""
    return [ablation.status] if ablation.state.shipped is None else []


def _shown(run: Run, ablation: Ablation) -> None:
    summary = ablation.table("summary")
    if ablation.state.shipped is not None:
        _origin(ablation)
    with st.container(horizontal=True):
        shown = set_choice(summary)
        cell = cell_choice(summary)
    chosen = shown["evaluation_set"].iloc[0]
    across(summary, chosen, cell)
    by_steps = ablation.table("by_steps") if ablation.has("by_steps") else summary.iloc[:0]
    steps = by_steps[by_steps["evaluation_set"] == chosen] if len(by_steps) else by_steps
    methods_and_steps(of_cell(shown, cell), of_cell(steps, cell) if len(steps) else steps)
    if ablation.has("departures"):
        departures = ablation.table("departures")
        departures_of(of_cell(departures[departures["evaluation_set"] == chosen], cell), "label")
    for name, title in _TITLES.items():
        if ablation.has(name) and len(table := ablation.table(name)):
            parts.section(title)
            _table(table, name)
            download(run, table, f"ablation-{name}")


def _origin(ablation: Ablation) -> None:
    """Where a shipped ablation's figures come from."""
    told = ablation.state.shipped or {}
    versions = ", ".join(f"{name} {version}" for name, version in told["versions"].items())
    done, of_all = len(ablation.state.finished_runs), len(ablation.matrix())
    parts.notice(
        "info",
        "This ablation came with KPOD Studio: its tables without its runs",
        f"{done} of {of_all} runs, the last on {told['runs_finished_at'][:10]}, with {versions}; "
        f"{'; '.join(told['machines'])}. {_sentence(one_line(told.get('note') or '', 300))}"
        f"Run it anew: {rerun_command(ablation)}",
    )


def _sentence(note: str) -> str:
    return f"{note.rstrip('.')}. " if note else ""


def _table(table: pd.DataFrame, name: str) -> None:
    numbers = {
        column: st.column_config.NumberColumn(column.replace("_", " "), format="%.4f" if "p_" in column else "%.1f")
        for column in table
        if column in ("p_value", "p_adjusted", "no_answer") or column.startswith("seconds")
    }
    numbers |= {
        column: st.column_config.NumberColumn(column.replace("_", " "), format="localized")
        for column in ("supervised_tokens", "steps")
        if column in table
    }
    whole = {column: table[column].round().astype("Int64") for column in ("supervised_tokens",) if column in table}
    table = table.assign(**whole)
    text = table.select_dtypes(["object", "string"]).columns
    shown = table.assign(**{column: [one_line(str(each), 80) for each in table[column]] for column in text})
    share_table(shown, f"ablation-{name}-table", _SHARES, **numbers)
