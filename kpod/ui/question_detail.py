"""The chosen question below the map: its text, the ways on to other pages, and its nearest neighbours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st

from kpod.charts.text import for_markdown, one_line
from kpod.question_clustering.neighbours import nearest_by_cosine, nearest_rows
from kpod.question_vectors import TABLE, unit_vectors
from kpod.run_store import Run
from kpod.ui import parts, reads, state
from kpod.ui.question_map import MapData

COUNT = 6


@dataclass(frozen=True)
class Neighbours:
    """Rows of the map's questions, nearest first, and how far away they are; `space` says where that was measured."""

    rows: np.ndarray
    distances: np.ndarray
    space: str
    whole: bool  # in all dimensions, not only the two of the map


def neighbours_of(run: Run, data: MapData, row: int) -> Neighbours:
    """The questions nearest to the one in `row`, -1 for none: by their vectors, or where a run has none on the map."""
    if row < 0:
        return Neighbours(np.empty(0, dtype=np.int64), np.empty(0), "", whole=False)
    stamps = (data.stamps, reads.stamp(run, TABLE))
    units = _units(str(run.folder), stamps, run, data)
    if units is None:
        found = nearest_rows(data.questions[["x", "y"]].to_numpy(), row, COUNT)
        return Neighbours(*found, "on the map", whole=False)
    embedding = one_line(str(run.state.summary.get("embedding") or "the embedding of the clusters"), 100)
    return Neighbours(*nearest_by_cosine(units, row, COUNT), f"1 − cosine in {embedding}", whole=True)


@st.cache_resource(max_entries=2, show_spinner=False)
def _units(folder: str, stamps: object, _run: Run, _data: MapData) -> np.ndarray | None:
    return unit_vectors(_run, _data.questions["question"].tolist())


def question_detail(run: Run, data: MapData, row: int, neighbours: Neighbours) -> None:
    """All about the question in `row` of the map's questions."""
    question = data.questions.iloc[row]
    parts.section(one_line(str(question["question"]), 80))
    parts.question_card(question)
    learned = bool(question.get("trained", True))
    with st.container(horizontal=True, key="links"):
        to_keypoints = st.button(
            "Open in Keypoints", icon=":material/ink_highlighter:", key="to-keypoints", disabled=not learned
        )
        to_curriculum = st.button(
            "Open in Curriculum", icon=":material/stairs:", key="to-curriculum", disabled=not learned
        )
    if not learned:
        st.caption("The student was measured on this question and did not learn from it.")
    if to_keypoints:
        state.open_page("keypoints", question["question"])
    if to_curriculum:
        state.open_page("curriculum", question["question"])
    if len(neighbours.rows):
        _list_neighbours(data, neighbours)


def _list_neighbours(data: MapData, neighbours: Neighbours) -> None:
    parts.section("Nearest questions", f"Distance: {neighbours.space}. The lines lead to them.")
    if not neighbours.whole:
        st.caption(
            "Measured on the map, whose two dimensions show only a part of what makes questions alike: this run keeps "
            "no vectors of its questions. Runs of this version do."
        )
    with st.container(gap=None, key="neighbours"):
        for place, (row, distance) in enumerate(zip(neighbours.rows, neighbours.distances, strict=True)):
            near = data.questions.iloc[row]
            cluster = data.colourings["cluster"].shown(np.array([row]))[0] if "cluster" in data.colourings else None
            facts = f"**{distance:.3g}** · {for_markdown(str(cluster), 30)} · " if cluster else f"**{distance:.3g}** · "
            st.button(
                facts + for_markdown(str(near["text"]), 160),
                key=f"neighbour-{place}",
                type="tertiary",
                help=f"Choose {for_markdown(str(near['question']), 60)}",
                on_click=state.choose_question,
                args=(near["question"],),
            )
