"""The run's schedule: the matrix that plays, and by stage its budget, its slack, its value and its picks."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from kpod.charts import curriculum, step_matrix
from kpod.run_store import Run
from kpod.ui import address, parts, question_selection, reads, state
from kpod.ui.saved_figures import figure
from kpod.ui.stage_figures import stage_table
from kpod.ui.stage_player import stage_player

QUESTIONS = ("question", "text", "answer", "cluster", "trained")
SCHEDULE = ("question", "stage", "input_steps")


def schedule_view(run: Run) -> None:
    """All of a schedule that has been built: first as a whole, then stage by stage."""
    stages = reads.table(run, "stages")
    _player(run, stages)
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
            figure(curriculum.picks_figure(stages, _cluster_sizes(run, stages)), "picks")
    with right:
        parts.section("Every stage in figures")
        stage_table(stages)


def ordered_rows(key: str) -> str:
    """The choice of the matrix's order."""
    return st.selectbox("Rows by", step_matrix.ORDERS, key=key, bind="query-params", width=220)


def _player(run: Run, stages: pd.DataFrame) -> None:
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom", key="matrix-head"
    ):
        parts.section("Input steps by stage", "A row is a question; the pale end is a whole rationale supervised.")
        order = ordered_rows("rows")
    chosen = state.chosen_question()
    stamps = tuple(reads.stamp(run, name) for name in ("schedule", "questions", "steps"))
    selected = question_selection.selected_questions(run)
    lasso = st.query_params.get(question_selection.PARAMETER)  # stands for `selected` in keys
    matrix = _matrix(str(run.folder), stamps, order, chosen, lasso, selected, run)
    if matrix.total < len(reads.table(run, "schedule", SCHEDULE)) // len(stages):
        st.caption(f"The {matrix.total:,} questions in the lasso of the map; H and D are those of all.")
    if len(matrix.questions) < matrix.total:
        st.caption(f"{len(matrix.questions):,} of {matrix.total:,} questions, evenly drawn from this order.")

    def keep_stage() -> None:
        address.write(stage=str(int(st.session_state["matrix"]["stage"])))

    def keep_picked() -> None:
        row = st.session_state["matrix"]["picked"]
        if isinstance(row, int) and 0 <= row < len(matrix.questions):
            state.choose_question(matrix.questions[row])

    last = len(matrix.stages) - 1
    stage_player(
        step_matrix.player_payload(matrix, stages, chosen),
        identity=f"{run.folder}\n{stamps}\n{order}\n{lasso}\n{len(matrix.questions)}",
        name=run.id,
        stage=int(address.read_number("stage", last, 0, last)),
        key="matrix",
        on_stage=keep_stage,
        on_picked=keep_picked,
    )


def _cluster_sizes(run: Run, stages: pd.DataFrame) -> np.ndarray | None:
    """How many of the questions to learn from are in each cluster; None where the run does not say."""
    questions = reads.table(run, "questions", QUESTIONS)
    if "cluster" not in questions:
        return None
    trained = questions["trained"] if "trained" in questions else questions["cluster"].notna()
    width = len(stages["picks_by_cluster"].iloc[0])
    sizes = np.bincount(questions.loc[trained, "cluster"].astype(int), minlength=width)
    return sizes if len(sizes) == width else None


@st.cache_resource(max_entries=8, show_spinner=False)
def _matrix(
    folder: str,
    stamps: object,
    order: str,
    chosen: str | None,
    lasso: str | None,
    _selected: frozenset[str] | None,
    _run: Run,
) -> step_matrix.StepMatrix:
    schedule = reads.table(_run, "schedule", SCHEDULE)
    steps = reads.table(_run, "steps", ("question", "step", "difficulty"))
    if _selected is not None and schedule["question"].isin(_selected).any():
        schedule = schedule[schedule["question"].isin(_selected)]
        steps = steps[steps["question"].isin(_selected)]
    return step_matrix.step_matrix(
        schedule,
        reads.table(_run, "questions", QUESTIONS),
        steps,
        order,
        keep=chosen,
    )
