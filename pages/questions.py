"""Questions: the map of clusters; a lasso fills the table; a question opens in the other pages."""

import pandas as pd
import streamlit as st

from kpod.charts.question_map import inside_polygon, map_payload, read_polygon
from kpod.ui import parts, state
from kpod.ui.question_map import map_data, question_map
from kpod.ui.question_table import question_table

run = state.open_run("Questions", "Questions that are alike lie together; colour shows what became of them.")

if not run.has("questions", "x"):
    parts.not_yet(run, "map", "map")
    st.stop()

placed, available = map_data(run)
colour = st.segmented_control(
    "Colour by", list(available), default="cluster", required=True, key="colour", bind="query-params"
)

lasso_key = f"lasso {run.folder}"
polygon = st.session_state.get(lasso_key)


def keep_lasso() -> None:
    """A lasso selects what it holds; an empty one selects nothing."""
    st.session_state[lasso_key] = read_polygon(st.session_state["map"]["lasso"])


def keep_picked() -> None:
    """A click makes a question the chosen one."""
    row = st.session_state["map"]["picked"]
    if isinstance(row, int) and 0 <= row < len(placed):
        state.choose_question(placed["question"].iloc[row])


chosen = state.chosen_question()
at = placed.index[placed["question"] == chosen]
view = {"hasSelection": polygon is not None, "chosen": int(at[0]) if len(at) else -1}
payload = map_payload(placed, available[colour], key=str(run.folder), **view)
left, right = st.columns([8, 5], gap="medium")
with left:
    question_map(payload, key="map", on_lasso=keep_lasso, on_picked=keep_picked)
with right:
    caught = placed
    if polygon is not None:
        caught = placed[inside_polygon(placed["x"].to_numpy(), placed["y"].to_numpy(), polygon)]
    values = {available[name].title: pd.Series(available[name].values, index=placed.index) for name in available}
    question_table(run, caught.assign(**values), chosen, is_selection=polygon is not None, total=len(placed))
