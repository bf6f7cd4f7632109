"""Curriculum: what is supervised when, how hard it stays, one question followed through, and what if."""

import streamlit as st

from kpod.ui import difficulty_probe, parts, reads, state
from kpod.ui.curriculum_difficulty import difficulty_view
from kpod.ui.curriculum_matrix import SCHEDULE
from kpod.ui.curriculum_schedule import schedule_view
from kpod.ui.question_path import question_path
from kpod.ui.saved_figures import format_choice
from kpod.ui.stage_figures import stage_figures

run = state.open_run("Curriculum", "Which steps the student is asked for at each stage, from the easiest on.")

if not run.has("schedule") or not run.has("stages"):
    parts.not_yet(run, "schedule", "schedule")
    st.stop()

with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", key="views"):
    view = st.segmented_control(
        "View",
        ("Schedule", "Difficulty", "What if"),
        default="Schedule",
        required=True,
        key="view",
        bind="query-params",
        label_visibility="collapsed",
    )
    format_choice()
parts.show_warnings(run, "losses", "weights", "difficulty", "schedule")
if view == "What if":
    from kpod.ui.what_if import what_if_view  # here: the other views need nothing of what it loads

    what_if_view(run)
    st.stop()
if view == "Schedule":
    stage_figures(run.config, reads.table(run, "stages"), reads.table(run, "schedule", SCHEDULE))
    schedule_view(run)
else:
    difficulty_view(run)
parts.section("One question through the stages")
question_path(run, state.question_picker(run, preferred=difficulty_probe.probe(run)))
