"""The choice of what weights are shown by: tokens, or words or steps with their tokens' weights put together."""

from __future__ import annotations

import streamlit as st

UNITS = {"tokens": "token", "words": "word", "steps": "step"}
AGGREGATES = ("mean", "max", "sum")


def unit_choice() -> tuple[str, str]:
    """The unit and how its tokens' weights make up its own; both are kept in the address."""
    with st.container(horizontal=True, vertical_alignment="center", key="units"):
        unit = st.segmented_control(
            "Shown by", list(UNITS), default="tokens", required=True, key="unit", bind="query-params",
            label_visibility="collapsed",
        )  # fmt: skip
        how = "mean"
        if unit != "tokens":
            how = st.segmented_control(
                "Weight of several tokens", AGGREGATES, default="mean", required=True, key="by", bind="query-params",
                label_visibility="collapsed",
            )  # fmt: skip
            st.caption(f"A {UNITS[unit]}'s weight is the {how} of its tokens' weights.", width="content")
    return UNITS[unit], how
