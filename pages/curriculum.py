"""Curriculum: what is supervised when, what each stage could afford, and one question followed through."""

import streamlit as st

from kpod.charts import curriculum, step_matrix
from kpod.charts.figure import CONFIG
from kpod.ui import parts, reads, state
from kpod.ui.question_path import question_path
from kpod.ui.stage_figures import stage_figures, stage_table

run = state.open_run("Curriculum", "Which steps the student is asked for at each stage, from the easiest on.")

if not run.has("schedule") or not run.has("stages"):
    parts.not_yet(run, "schedule", "schedule")
    st.stop()

parts.show_warnings(run, "losses", "weights", "difficulty", "schedule")
stages = reads.table(run, "stages")
schedule = reads.table(run, "schedule")
questions = reads.table(run, "questions", ("question", "text", "answer", "cluster"))
steps = reads.table(run, "steps", ("question", "step", "difficulty"))
stage_figures(run.config, stages, schedule)

left, right = st.columns([5, 6], gap="large")
with left:
    parts.section("Budget and supervised difficulty", "D(t) is what stage t may supervise, H(t) what it does.")
    st.plotly_chart(curriculum.budget_figure(stages), config=CONFIG, key="budget")
    st.plotly_chart(curriculum.slack_figure(stages), config=CONFIG, key="slack")
with right:
    with st.container(horizontal=True, vertical_alignment="bottom", key="matrix-head"):
        parts.section("Input steps by stage", "A row is a question; the pale end is a whole rationale supervised.")
        order = st.selectbox("Rows by", step_matrix.ORDERS, key="rows", bind="query-params", width=200)
    chosen = state.chosen_question()
    matrix = step_matrix.step_matrix(schedule, questions, steps, order, keep=chosen)
    if len(matrix.questions) < matrix.total:
        st.caption(f"{len(matrix.questions):,} of {matrix.total:,} questions, evenly drawn from this order.")
    st.plotly_chart(step_matrix.matrix_figure(matrix, state.is_dark(), chosen), config=CONFIG, key="matrix")

left, right = st.columns(2, gap="large")
with left:
    parts.section("Worth of each selection", "Both terms of g (Eq. 12) and the bound that no selection can pass.")
    st.plotly_chart(curriculum.value_figure(stages), config=CONFIG, key="value")
with right:
    parts.section("Picks by cluster", "Whose questions dropped input steps at each stage.")
    if "picks_by_cluster" in stages:
        st.plotly_chart(curriculum.picks_figure(stages), config=CONFIG, key="picks")
if run.has("difficulty_history"):
    parts.section("Difficulty of all steps over the epochs", "Median and quartiles under the student of each epoch.")
    history = reads.table(run, "difficulty_history", ("epoch", "difficulty"))
    st.plotly_chart(curriculum.corpus_difficulty_figure(history), config=CONFIG, key="all-difficulty")
with st.expander("Every stage in figures"):
    stage_table(stages)

parts.section("One question through the stages")
question = state.question_picker(run)
question_path(run, question)
