"""A run that was distilled elsewhere: loaded by its path or as an archive, and opened from here."""

from __future__ import annotations

import streamlit as st

from kpod.run_store import runs_folder
from kpod.ui import parts, reads
from kpod.ui.distill_actions import open_buttons
from kpod.ui.messages import show_message
from kpod.ui.run_import import LOADED, path_form, upload_field


def load_view() -> None:
    """Both ways side by side, and what was loaded with the ways on from it."""
    show_message()
    loaded = st.session_state.get(LOADED)
    if loaded in reads.all_runs().runs:
        with st.container(horizontal=True, key="loaded"):
            open_buttons(loaded)
    left, right = st.columns(2, gap="large")
    with left, st.container(border=True, height="stretch"):
        parts.section("A folder or a file here", "For runs on the machine on which this app runs, of any size.")
        path_form("load")
    with right, st.container(border=True, height="stretch"):
        limit = st.get_option("server.maxUploadSize")
        parts.section("A file from your computer", f"Up to {limit} MB; a larger one goes by its path.")
        upload_field("load")
    parts.empty_state(
        "What is loaded",
        "The files of a run and nothing else: each is checked first, no link is followed, and of what is damaged, or "
        f"from a newer version, nothing is kept. Runs lie in {runs_folder()}. The same on a terminal:",
        command="python -m kpod import FILE",
        further="python -m kpod export RUN --out FILE makes such a file, and so does Export on the Overview.",
    )
