"""Results: how good the student became, on what, against whom, and at what cost."""

import streamlit as st

from kpod.ui import parts, reads, state
from kpod.ui.results_ablation import ablations
from kpod.ui.results_accuracy import accuracy
from kpod.ui.results_comparison import all_runs, two_runs
from kpod.ui.results_cost import cost
from kpod.ui.results_questions import questions
from kpod.ui.results_sensitivity import sensitivity
from kpod.ui.saved_figures import format_choice

VIEWS = ("Accuracy", "Questions", "Two runs", "All runs", "Sensitivity", "Cost", "Ablations")

run = state.open_run("Results", "How often the student is right, where it goes wrong, and what that cost.")
others = {key: other for key, other in reads.all_runs().runs.items() if other.folder != run.folder}

with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom", key="results-bar"):
    view = st.segmented_control(
        "View", VIEWS, default=VIEWS[0], required=True, key="view", bind="query-params", label_visibility="collapsed"
    )
    if view in ("Accuracy", "Sensitivity", "Cost", "Ablations"):
        format_choice()

if view == "Ablations":
    ablations(run)
elif view == "Cost":
    cost(run, others)
elif not run.has("questions") or not run.has("predictions") or reads.table(run, "predictions").empty:
    parts.not_yet(run, "answers", "evaluate")
elif view == "Accuracy":
    parts.show_warnings(run, "evaluate base", "evaluate")
    accuracy(run)
elif view == "Questions":
    questions(run)
elif view == "Two runs":
    two_runs(run, others)
elif view == "Sensitivity":
    sensitivity(run, others)
else:
    all_runs(run, others)
