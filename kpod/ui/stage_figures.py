"""The curriculum in figures: its settings, and how good each stage's selection provably is."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from kpod.charts.step_matrix import first_full_stage
from kpod.config import RunConfig
from kpod.ui.parts import figures, notice


def stage_figures(config: RunConfig, stages: pd.DataFrame, schedule: pd.DataFrame) -> None:
    """T, B, C0 and what became of them."""
    last = int(stages["stage"].max())
    total = float(stages.sort_values("stage")["budget"].iloc[-1])
    whole = first_full_stage(schedule)
    settings = config.curriculum
    beta = f"{settings.relative_beta:g} (relative)" if settings.relative_beta is not None else f"{settings.beta:g}"
    figures(
        [
            (str(last), "stages T", "a stage is an epoch; after T every rationale is whole"),
            (f"{total:,.1f}", "difficulty B", "sum of the difficulties of all steps"),
            (f"{settings.initial_fraction:.0%}", "start C₀ / B", "what stage 0 may supervise"),
            (f"{settings.power:g}", "power p", "how the budget grows: D(t) = u t^(p+1)/(p+1) + C0"),
            (str(settings.delta_s), "Δs", "input steps that a question may drop a stage"),
            (beta, "β", "worth of diversity"),
            (f"{whole.notna().mean():.0%}", "whole at T", "questions with no step given as input any more"),
            (
                f"{certificate(stages).min():.3f}",
                "worst g / bound",
                "no selection could be better by more than the rest",
            ),
        ]
    )
    overrun = stages["overrun"].max() / total if "overrun" in stages and total > 0 else 0.0
    if overrun > 1e-6:
        notice(
            "info",
            f"The deadline rule overran the budget by up to {overrun:.2%} of B",
            "Rationales that would not become whole by T were handed over early. A larger T or Δs avoids it.",
        )


def certificate(stages: pd.DataFrame) -> pd.Series:
    """g / upper bound of each stage; 1 where the stage had nothing to select."""
    if "certificate" in stages:
        return stages["certificate"].fillna(1.0)
    value, bound = stages["gain_term"] + stages["diversity_term"], stages["bound"]
    return pd.Series(np.where(bound > 0, value / bound.where(bound > 0, 1.0), 1.0), index=stages.index)


def stage_table(stages: pd.DataFrame) -> None:
    """Every figure of every stage, to read off and to download."""
    shown = stages.sort_values("stage").assign(certificate=certificate(stages))
    columns = [
        "stage",
        "budget",
        "supervised",
        "slack",
        "overrun",
        "gain_term",
        "diversity_term",
        "bound",
        "certificate",
    ]
    names = {
        "budget": "D(t)",
        "supervised": "H(t)",
        "gain_term": "Σ δ",
        "diversity_term": "β Σ √",
        "certificate": "g / bound",
    }
    present = [column for column in columns if column in shown]
    numbers = {
        column: st.column_config.NumberColumn(names.get(column, column), format="%.3f")
        for column in present
        if column != "stage"
    }
    st.dataframe(shown[present], hide_index=True, column_config=numbers, key="stage-table")
