"""Figures that the reader can save from the page, as PNG or as SVG: the browser does it, no server part."""

from __future__ import annotations

import time

import plotly.graph_objects as go
import streamlit as st

from kpod.charts.figure import CONFIG
from kpod.ui import address

FORMATS = ("png", "svg")
KEY = "figure-format"
HEAD_START = 0.3  # seconds
_BEGUN = "figures begun"


def format_choice() -> None:
    """As what the camera above each figure saves it."""
    address.settle(KEY, FORMATS)
    st.segmented_control(
        "Figures save as",
        FORMATS,
        required=True,
        format_func=lambda name: f"{name.upper()} figures",
        label_visibility="collapsed",
        key=KEY,
        help="The camera that appears above a figure saves it in the browser.",
    )


def after_what_is_above() -> None:
    """Call above figures that stand below the page's main part: in a new tab that one is drawn first.

    The script that draws figures keeps the browser busy for half a second and more when it comes; a component that was
    sent a moment earlier would wait for it.
    """
    if _BEGUN not in st.session_state:
        st.session_state[_BEGUN] = True
        time.sleep(HEAD_START)


def figure(drawn: go.Figure, key: str) -> None:
    """A figure with a camera that saves it as PNG or SVG, as chosen."""
    st.session_state[_BEGUN] = True
    chosen = st.session_state.get(KEY) or FORMATS[0]
    options = CONFIG["toImageButtonOptions"] | {"format": chosen, "filename": f"kpod-{key}"}
    st.plotly_chart(drawn, config=CONFIG | {"toImageButtonOptions": options}, key=key)
