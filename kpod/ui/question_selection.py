"""What is selected on the map of questions: a lasso in the address that every page knows, for as long as the run is."""

from __future__ import annotations

import numpy as np
import streamlit as st

from kpod.charts.lasso import inside_polygon, parse_polygon, polygon_text
from kpod.run_store import Run
from kpod.ui import address, reads

PARAMETER = "lasso"


def lasso_of(run: Run) -> np.ndarray | None:
    """The corners (n, 2) of the lasso on this run's map, in the map's units; None where nothing is selected.

    The address wins where a link brought another lasso; else what was drawn in this session holds, on this run alone.
    """
    asked, seen = st.query_params.get(PARAMETER), st.session_state.get(f"address {PARAMETER}")
    owner, text = st.session_state.get(PARAMETER, (None, None))
    if asked is not None and asked != seen:
        owner, text = run.id, asked
    polygon = parse_polygon(text) if owner == run.id else None
    _keep(run, polygon)
    return polygon


def keep_lasso(run: Run, polygon: np.ndarray | None) -> None:
    """Select what a lasso holds, or with None nothing; for callbacks."""
    _keep(run, polygon)


def selected_questions(run: Run) -> frozenset[str] | None:
    """The ids of the questions in the lasso; None where there is no lasso or no map."""
    lasso = lasso_text(run)
    if lasso is None or not run.has("questions", "x"):
        return None
    return _selected(str(run.folder), reads.stamp(run, "questions"), lasso, run)


def lasso_text(run: Run) -> str | None:
    """The lasso as text, None for none: what tells one selection from another in a cache.

    Not what the address says: after a switch of page it says nothing until the selection has been asked for.
    """
    polygon = lasso_of(run)
    return None if polygon is None else polygon_text(polygon)


def clear_button(run: Run, label: str = "All questions") -> None:
    """A way back from the selection to all questions."""
    st.button(label, icon=":material/close:", type="tertiary", key="clear-lasso", on_click=keep_lasso, args=(run, None))


def _keep(run: Run, polygon: np.ndarray | None) -> None:
    text = None if polygon is None else polygon_text(polygon)
    st.session_state[PARAMETER] = (run.id, text)
    address.write(**{PARAMETER: text})


@st.cache_resource(max_entries=16, show_spinner=False)
def _selected(folder: str, stamp: object, lasso: str, _run: Run) -> frozenset[str]:
    questions = reads.table(_run, "questions")
    polygon = parse_polygon(lasso)
    x, y = questions["x"].to_numpy(dtype=float), questions["y"].to_numpy(dtype=float)
    return frozenset(questions["question"][inside_polygon(x, y, polygon)])
