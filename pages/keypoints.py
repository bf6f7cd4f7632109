"""Keypoints: one rationale, every token coloured by its learned significance."""

import streamlit as st

from kpod.charts.keypoints import token_payload
from kpod.ui import address, parts, reads, state
from kpod.ui.token_summary import token_summary
from kpod.ui.token_view import token_view

run = state.open_run("Keypoints", "Which tokens of a rationale the answer hangs on, as the mask learned them.")

if not run.has("questions") or not run.has("tokens", "weight"):
    parts.show_warnings(run, "prepare", "weights", "losses")
    parts.not_yet(run, "token weights", "weights")
    st.stop()

question = state.question_picker(run)
parts.show_warnings(run, "prepare", "weights", "losses")
row = reads.table(run, "questions").set_index("question").loc[question]
parts.question_card(row)

tokens = reads.rows(run, "tokens", question)
if tokens.empty:
    parts.empty_state(
        "This question has no tokens",
        "Its rationale was left out of the run, for want of one or because it is longer than the student's context.",
    )
    st.stop()

history = reads.rows(run, "weight_history", question) if run.has("weight_history") else None
payload = token_payload(row["rationale"], tokens, reads.rows(run, "steps", question), history)
labels = payload["epochs"]
pin = int(address.read_number("token", -1, 0, len(tokens) - 1))
view = {
    "epoch": address.read_choice("epoch", labels, len(labels) - 1),
    "threshold": round(address.read_number("threshold", 0.5, 0.0, 1.0), 2),
    "pin": pin if pin >= 0 else None,
}


def keep_view() -> None:
    """The browser's scrub, threshold and pin go into the address, so that a link shows the same."""
    new = st.session_state["tokens"]["view"]
    pinned = None if new["pin"] is None else str(new["pin"])
    address.write(epoch=labels[new["epoch"]], threshold=f"{new['threshold']:.2f}", token=pinned)


token_view(payload, identity=f"{run.folder}\n{question}", view=view, key="tokens", on_view=keep_view)
with st.container(horizontal=True, key="links"):
    st.button("Show this question in the curriculum", icon=":material/stairs:", key="to-curriculum")
    st.button("Show it on the map", icon=":material/scatter_plot:", key="to-questions")
if st.session_state["to-curriculum"]:
    state.open_page("curriculum", question)
if st.session_state["to-questions"]:
    state.open_page("questions", question)

token_summary(run)
