"""How far a run's weights can be trusted: the validations that were made of it, as tables and figures."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from kpod.charts.text import for_markdown, one_line
from kpod.charts.weight_validation import auc_figure, epochs_figure, targets_of
from kpod.run_store import Run
from kpod.ui import parts
from kpod.ui.saved_figures import figure
from kpod.weight_validation import (
    AGREEMENT_COLUMNS,
    SCORE_NAMES,
    TARGET_NAMES,
    Report,
    baseline_name,
    is_stale,
    predictor_sentences,
    read_reports,
)


def validation_view(run: Run) -> None:
    """The run's validations, one at a time; where there is none, how to make one."""
    reports = read_reports(run)
    hint = (
        "Known arithmetic, simpler scores and other seeds. An AUC of 1 tells two groups of tokens apart, 0.5 does not."
    )
    parts.section("Are the weights right?", hint)
    if not reports:
        parts.empty_state(
            "Not validated yet",
            "Hold this run's weights against the arithmetic in its rationales and against simpler scores with:",
            command=f"python -m kpod validate-weights {run.folder}",
        )
        return
    labels = [one_line(report.data, 80) for report in reports]
    chosen = 0
    if len(reports) > 1:
        chosen = st.selectbox("Rationales", range(len(reports)), format_func=labels.__getitem__, key="validated")
    report = reports[chosen]
    if is_stale(run, report):
        parts.notice("warning", "Of earlier weights", "The run's weights were learned anew since. Validate them again.")
    unknown = f" Of {report.unknown:,} the arithmetic is not known." if report.unknown else ""
    st.caption(
        f"On {for_markdown(report.data, 80)}: {report.rationales:,} rationales, {report.tokens:,} visible tokens; "
        f"truth: {for_markdown(report.truth, 60)}.{unknown} Intervals hold 95% of {report.resamples:,} "
        "resamples of whole questions."
    )
    for said in predictor_sentences(report):
        st.caption(said)
    left, right = st.columns(2, gap="large") if report.epochs else (st.container(), None)
    with left:
        parts.section("Against simpler scores", "Each comparison's AUC; the learned weight with its interval.")
        figure(auc_figure(report), "validation-auc")
    if right:
        with right:
            parts.section("Grading over the epochs", "The weight's AUC as the mask was learned.")
            figure(epochs_figure(report), "validation-epochs")
    with st.expander("The comparisons in figures"):
        _show_table(_table(report), "validation-table")
    if report.agreement:
        parts.section("Agreement with other runs", "Rank correlations over the tokens that both have weighed.")
        _show_table(_agreement(report), "validation-agreement")


def _show_table(table: pd.DataFrame, key: str) -> None:
    forms = {"%.3f": table.select_dtypes("float"), "localized": table.select_dtypes("integer")}
    figures = {name: st.column_config.NumberColumn(format=form) for form, part in forms.items() for name in part}
    st.dataframe(table, hide_index=True, height="content", key=key, column_config=figures)


def _table(report: Report) -> pd.DataFrame:
    names = [name for name in SCORE_NAMES if any(row["score"] == name for row in report.aucs)]
    rows = []
    for target in targets_of(report):
        own, best = report.auc_of(target), report.best_baseline(target)
        row = {"comparison": TARGET_NAMES[target], "tokens": own["positives"], "against": own["negatives"]}
        row |= {SCORE_NAMES[name]: report.auc_of(target, name)["auc"] for name in names}
        interval = "" if own["low"] is None else f"{own['low']:.3f} to {own['high']:.3f}"
        rows.append(row | {"interval of the weight": interval, "best baseline": baseline_name(best)})
    return pd.DataFrame(rows)


def _agreement(report: Report) -> pd.DataFrame:
    frame = pd.DataFrame(report.agreement)[["first", "second", *AGREEMENT_COLUMNS]]
    for side in ("first", "second"):
        frame[side] = [one_line(name, 60) for name in frame[side]]
    return frame.rename(columns={"first": "run", "second": "and run", **AGREEMENT_COLUMNS})
