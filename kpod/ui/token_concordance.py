"""Concordance: every occurrence of a word in context with its weight; a click opens it in its rationale."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from kpod.charts.concordance import MAX_SHOWN, ORDERS, concordance_payload, concordance_table, ordered
from kpod.charts.keypoints import scales
from kpod.charts.token_summary import weights_histogram
from kpod.run_store import Run
from kpod.token_analysis import find_occurrences, in_context
from kpod.ui import address, parts, reads, state
from kpod.ui.components import make_component
from kpod.ui.corpus import Corpus, read_corpus
from kpod.ui.saved_figures import figure, format_choice

MATCHES = {"whole word": "word", "token": "token", "anywhere": "anywhere"}
_MOUNT = make_component("concordance", "kw", "component_common", "token_concordance")


def concordance_view(run: Run) -> None:
    """Search for a text and show where it occurs, sorted as asked."""
    query, match, order, match_case = _choices()
    if not query.strip():
        parts.empty_state(
            "Which word?",
            "Type a word, a number, a sign or a phrase. Or pin a token in a rationale and ask where else it occurs.",
        )
        return
    with st.spinner("Searching all rationales …"):
        corpus = read_corpus(run)
        found = _found(str(run.folder), reads.stamp(run, "tokens"), query, MATCHES[match], match_case, run)
    if found.empty:
        parts.empty_state("No occurrence", f"“{query.strip()}” does not occur as a {match} in a rationale of this run.")
        return
    found = ordered(found, order)
    left, right = st.columns([7, 4], gap="large", vertical_alignment="bottom")
    with left:
        _figures(found)
        with st.container(horizontal=True, vertical_alignment="center", key="concordance-files"):
            st.download_button(
                "All occurrences as CSV",
                data=lambda: concordance_table(found, corpus.ids).to_csv(index=False).encode(),
                file_name="concordance.csv",
                mime="text/csv",
                icon=":material/download:",
                on_click="ignore",
                key="occurrences-csv",
            )
            format_choice()
    with right:
        figure(weights_histogram(found["weight"].to_numpy()), "occurrence-weights")
    _list(run, corpus, found, f"{query}\n{match}\n{order}\n{match_case}")


def _choices() -> tuple[str, str, str, bool]:
    with st.container(horizontal=True, vertical_alignment="bottom", key="concordance-bar"):
        query = st.text_input("Word, number, sign or phrase", key="search", bind="query-params", width=320)
        match = st.segmented_control(
            "Found as", list(MATCHES), default="whole word", required=True, key="match", bind="query-params"
        )
        order = st.selectbox("Sorted by", ORDERS, key="sort", bind="query-params", width=200)
        match_case = st.toggle("Match case", key="case", bind="query-params")
    return query, match, order, match_case


def _list(run: Run, corpus: Corpus, found: pd.DataFrame, identity: str) -> None:
    payload = concordance_payload(found, corpus.ids, corpus.column("position"))
    total = payload["total"]
    if total > MAX_SHOWN:
        st.caption(f"The first {MAX_SHOWN:,} of {total:,} in this order.")

    key = f"{run.folder}\n{identity}"

    def open_row() -> None:
        opened: Any = st.session_state["concordance"]["opened"]
        # Another key: of a list that was drawn before, whose rows are not these.
        row = opened["row"] if opened["key"] == key else None
        if isinstance(row, int) and 0 <= row < len(payload["question"]):
            state.choose_question(payload["question"][row])
            address.write(token=str(payload["token"][row]))
            st.session_state["view"] = "Rationale"
            st.session_state["unit"] = "tokens"

    _MOUNT(
        data={**payload, "key": key, "scales": scales()},
        key="concordance",
        on_opened_change=open_row,
    )


def _figures(found: pd.DataFrame) -> None:
    weights = found["weight"].to_numpy()
    low, middle, high = np.quantile(weights, [0.25, 0.5, 0.75]).tolist()
    parts.figures(
        [
            (f"{len(found):,}", "occurrences", "in all rationales of the run"),
            (f"{found['question_index'].nunique():,}", "rationales", "that have at least one"),
            (f"{middle:.2f}", "median weight", "half of the occurrences weigh less"),
            (f"{low:.2f} to {high:.2f}", "quartiles", "the middle half of the weights"),
        ]
    )


@st.cache_resource(max_entries=16, show_spinner=False)
def _found(folder: str, stamp: object, query: str, match: str, match_case: bool, _run: Run) -> pd.DataFrame:
    corpus = read_corpus(_run)
    found = find_occurrences(corpus.rationales, query, *corpus.spans, match=match, match_case=match_case)
    return in_context(found, corpus.rationales, corpus.column("weight"), corpus.column("step"), corpus.nll)
