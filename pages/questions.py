"""Questions: the map of clusters; a lasso fills the table, the curriculum plays, a question opens elsewhere."""

import streamlit as st

from kpod.charts.question_map import map_payload
from kpod.ui import parts, state
from kpod.ui.question_clusters import name_clusters
from kpod.ui.question_detail import neighbours_of, question_detail
from kpod.ui.question_map import body, map_data, question_map
from kpod.ui.question_table import question_table
from kpod.ui.question_view import chosen_row, colour_choice, keep, rows_in, view_state

run = state.open_run("Questions", "Questions that are alike lie together; colour shows what became of them.")

if not run.has("questions", "x"):
    parts.not_yet(run, "map", "map")
    st.stop()

data = map_data(run)
if data.questions.empty:
    parts.empty_state("No question has a place on the map", "The run has none that it learned from or was measured on.")
    st.stop()

with st.container(horizontal=True, vertical_alignment="bottom", key="map-head"):
    colour = colour_choice(data)
    name_clusters(run)
row = chosen_row(data)
neighbours = neighbours_of(run, data, row)
view = view_state(run, data)
payload = map_payload(body(run, data, colour), chosen=row, neighbours=neighbours.rows.tolist(), **view)
left, right = st.columns([4, 3], gap="medium")
with left:
    question_map(payload, key="map", **keep(run, data, "map"))
with right:
    question_table(run, data, rows_in(run, data), colour, is_selection=view["lasso"] is not None)
    if row >= 0:
        question_detail(run, data, row, neighbours)
