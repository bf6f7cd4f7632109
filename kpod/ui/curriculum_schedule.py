"""The run's schedule: the matrix that plays, and by stage its budget, its slack, its value and its picks."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from kpod.charts import curriculum
from kpod.cluster_names import cluster_names
from kpod.run_store import Run
from kpod.ui import parts, reads
from kpod.ui.curriculum_matrix import QUESTIONS, matrix_by_choice
from kpod.ui.saved_figures import after_what_is_above, figure
from kpod.ui.stage_figures import stage_table


def schedule_view(run: Run) -> None:
    """All of a schedule that has been built: first as a whole, then stage by stage."""
    stages = reads.table(run, "stages")
    matrix_by_choice(run)
    after_what_is_above()
    left, right = st.columns(2, gap="large")
    with left:
        parts.section("Budget and supervised difficulty", "D(t) is what stage t may supervise, H(t) what it does.")
        figure(curriculum.budget_figure(stages), "budget")
        figure(curriculum.slack_figure(stages), "slack")
    with right:
        parts.section("Worth of each selection", "Both terms of g (Eq. 12) and the bound that no selection can pass.")
        figure(curriculum.value_figure(stages), "value")
    left, right = st.columns(2, gap="large")
    with left:
        if "picks_by_cluster" in stages:
            parts.section("Picks by cluster", "Whose questions dropped input steps, against the cluster's own share.")
            figure(curriculum.picks_figure(stages, _cluster_sizes(run, stages), cluster_names(run)), "picks")
    with right:
        parts.section("Every stage in figures")
        stage_table(stages)


def _cluster_sizes(run: Run, stages: pd.DataFrame) -> np.ndarray | None:
    """How many of the questions to learn from are in each cluster; None where the run does not say."""
    questions = reads.table(run, "questions", QUESTIONS)
    if "cluster" not in questions:
        return None
    trained = questions["trained"] if "trained" in questions else questions["cluster"].notna()
    width = len(stages["picks_by_cluster"].iloc[0])
    sizes = np.bincount(questions.loc[trained, "cluster"].astype(int), minlength=width)
    return sizes if len(sizes) == width else None
