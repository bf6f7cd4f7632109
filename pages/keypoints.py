"""Keypoints: one rationale, every token coloured by its learned significance; compared, searched and summed up."""

import streamlit as st

from kpod.ui import parts, reads, state
from kpod.ui.token_compare import compare_view
from kpod.ui.token_concordance import concordance_view
from kpod.ui.token_corpus import corpus_view
from kpod.ui.token_rationale import rationale_view

run = state.open_run("Keypoints", "Which tokens the answer and later steps hang on, as the mask learned them.")

if not run.has("questions") or not run.has("tokens", "weight"):
    parts.show_warnings(run, "prepare", "weights", "losses")
    parts.not_yet(run, "token weights", "weights")
    st.stop()

view = st.segmented_control(
    "View",
    ("Rationale", "Compare", "Concordance", "Corpus"),
    default="Rationale",
    required=True,
    key="view",
    bind="query-params",
    label_visibility="collapsed",
)
parts.show_warnings(run, "prepare", "weights", "losses")
if view == "Concordance":
    concordance_view(run)
    st.stop()
if view == "Corpus":
    corpus_view(run)
    st.stop()

question = state.question_picker(run)
parts.question_card(reads.table(run, "questions").set_index("question").loc[question])
if reads.rows(run, "tokens", question).empty:
    parts.empty_state(
        "This question has no tokens",
        "Its rationale was left out of the run, for want of one or because it is longer than the student's context.",
    )
elif view == "Compare":
    compare_view(run, question)
else:
    rationale_view(run, question)
