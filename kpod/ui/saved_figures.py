"""Figures that the reader can save from the page, as PNG or as SVG: the browser does it, no server part."""

from __future__ import annotations

import plotly.graph_objects as go
import streamlit as st

from kpod.charts.figure import CONFIG
from kpod.ui import address

FORMATS = ("png", "svg")
KEY = "figure-format"


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


def figure(drawn: go.Figure, key: str) -> None:
    """A figure with a camera that saves it as PNG or SVG, as chosen."""
    chosen = st.session_state.get(KEY) or FORMATS[0]
    options = CONFIG["toImageButtonOptions"] | {"format": chosen, "filename": f"kpod-{key}"}
    st.plotly_chart(drawn, config=CONFIG | {"toImageButtonOptions": options}, key=key)
