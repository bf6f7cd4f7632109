"""What every stage of a run cost, beside a plain run of the same data where there is one."""

from __future__ import annotations

import streamlit as st

from kpod.charts.results import cost_figure
from kpod.charts.text import one_line
from kpod.progress import format_seconds
from kpod.results import costs_beside, plain_twin, stage_costs
from kpod.run_store import Run
from kpod.ui import parts, reads
from kpod.ui.results_parts import download
from kpod.ui.saved_figures import figure


def cost(run: Run, others: dict[str, Run]) -> None:
    """Seconds, peak memory and tokens by stage."""
    if not run.state.stages:
        parts.not_yet(run, "costs", "prepare")
        return
    twin = plain_twin(run, others.items())
    mine = stage_costs(run, reads.metrics(run))
    other = None if twin is None else stage_costs(others[twin], reads.metrics(others[twin]))
    table = costs_beside(mine, other)
    total = table.iloc[-1]
    entries = [(format_seconds(float(total["seconds"])), "this run", "the sum of all stages")]
    if other is not None:
        seconds = float(total["seconds_other"])
        entries.append((format_seconds(seconds), "plain run of the same data", one_line(others[twin].name, 80)))
        if seconds > 0:
            entries.append((f"{float(total['seconds']) / seconds:.2f} ×", "of the plain run's time", "all stages"))
    parts.figures(entries)
    names = ["this run"] if twin is None else ["this run", "plain run"]
    parts.section("Time by stage", "A stage taken over from another run stands with the time that it took there.")
    figure(cost_figure(table, names), "costs")
    shown = table if other is not None else table.drop(columns=[name for name in table if name.endswith("_other")])
    labels = {"seconds": "seconds", "peak_memory_gb": "peak memory, GB", "tokens": "tokens trained on"}
    st.dataframe(
        shown,
        hide_index=True,
        height="content",
        key="cost-table",
        placeholder="–",
        column_config={
            name: st.column_config.NumberColumn(
                label if not name.endswith("_other") else f"{label}, plain run",
                format="localized" if name.startswith("tokens") else "%.2f",
            )
            for base, label in labels.items()
            for name in (base, f"{base}_other")
        },
    )
    download(run, shown, "costs")
    if twin is None and run.config.method != "plain":
        parts.notice(
            "info",
            "No plain run of the same data to compare with",
            "Run the same configuration with method=plain, and its costs stand here beside these.",
        )
