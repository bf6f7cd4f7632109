"""Keypoints over the whole run: which kinds of token and which words carry weight."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from kpod.charts import token_summary as summary
from kpod.charts.figure import CONFIG
from kpod.charts.text import reveal
from kpod.run_store import Run
from kpod.ui import parts, reads, state


def token_summary(run: Run) -> None:
    """Weights by kind, against loss, and by word, of all tokens of a run (or of a sample, which is said)."""
    parts.section("Across the run", "The same weights over all rationales.")
    with st.spinner("Reading all tokens …"):
        tokens = reads.table(run, "tokens")
        rows = _token_rows(str(run.folder), reads.stamp(run, "tokens"), run)
    if len(rows) < len(tokens):
        st.caption(f"From {len(rows):,} of {len(tokens):,} tokens: whole questions, evenly drawn.")
    left, middle, right = st.columns([4, 4, 4], gap="large")
    with left:
        st.caption("Weight by kind of token")
        st.plotly_chart(summary.classes_figure(rows), config=CONFIG, key="classes")
    with middle:
        st.caption("Weight against the loss of the token")
        if "nll" in rows:
            st.plotly_chart(summary.loss_figure(rows, state.is_dark()), config=CONFIG, key="loss")
        else:
            parts.not_yet(run, "token losses", "losses")
    with right:
        st.caption("Frequent words and their mean weight")
        words = summary.word_table(rows)
        words["token"] = [reveal(word) for word in words["token"]]
        st.dataframe(
            words,
            hide_index=True,
            height=250,
            key="words",
            column_config={
                "mean weight": st.column_config.ProgressColumn(format="%.2f", min_value=0.0, max_value=1.0),
                "spread": st.column_config.NumberColumn(format="%.2f", help="standard deviation of the weight"),
            },
        )


@st.cache_resource(max_entries=4, show_spinner=False)
def _token_rows(folder: str, stamp: object, _run: Run) -> pd.DataFrame:
    return summary.token_rows(reads.table(_run, "questions"), reads.table(_run, "tokens"))
