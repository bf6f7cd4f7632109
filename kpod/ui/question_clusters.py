"""The clusters' names in a form: the words that mark each of them, and what the reader calls it instead."""

from __future__ import annotations

import streamlit as st

from kpod.charts.text import for_markdown
from kpod.cluster_names import MAX_CLUSTER_NAME, cluster_names, cluster_terms_of, names_from_terms, rename_clusters
from kpod.errors import InputError
from kpod.run_management import is_kept
from kpod.run_store import Run
from kpod.ui import parts


def name_clusters(run: Run) -> None:
    """A popover with a field for each cluster; nothing where the run does not say what marks its clusters."""
    terms = cluster_terms_of(run)
    if not terms:
        return
    kept = is_kept(run)
    reason = "This run is not in the runs folder (the shipped example is read-only): its clusters keep their words."
    with st.popover(
        "Cluster names", icon=":material/label:", disabled=not kept, help=None if kept else reason, key="cluster-names"
    ):
        if kept:
            _form(run, terms)


def _form(run: Run, terms: list[list[str]]) -> None:
    names = cluster_names(run)
    message = st.session_state.pop("cluster-names-message", None)
    if message:
        parts.notice("error", "The names were not kept", message)
    with st.form("name-clusters", border=False):
        for k, name in enumerate(names):
            key = _key(run, k)
            if key not in st.session_state:
                st.session_state[key] = name
            words = for_markdown(", ".join(terms[k]) or "no words of its own", 90)
            st.text_input(f"{k}: :gray[{words}]", key=key, max_chars=MAX_CLUSTER_NAME)
        left, right = st.columns(2)
        left.form_submit_button("Save names", type="primary", key="save-names", on_click=_save, args=(run,))
        right.form_submit_button("Back to the words", key="reset-names", on_click=_reset, args=(run,))


def _save(run: Run) -> None:
    count = len(cluster_terms_of(run))
    try:
        rename_clusters(run, {k: st.session_state[_key(run, k)] for k in range(count)})
    except InputError as error:
        st.session_state["cluster-names-message"] = str(error)
        return
    for k, name in enumerate(cluster_names(run)):  # an empty field shows the words again
        st.session_state[_key(run, k)] = name


def _reset(run: Run) -> None:
    for k, name in enumerate(names_from_terms(run)):
        st.session_state[_key(run, k)] = name
    _save(run)


def _key(run: Run, cluster: int) -> str:
    return f"name of cluster {cluster} of {run.folder}"
