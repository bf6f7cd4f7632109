"""The script that Streamlit runs: page settings, navigation, the choice of a run, then the chosen page."""

import sys
from pathlib import Path

import streamlit as st

ROOT = Path(__file__).resolve().parent.parent.parent
if str(ROOT) not in sys.path:  # Streamlit puts this file's folder on the path, not the repository's
    sys.path.insert(0, str(ROOT))

from kpod.ui import ahead, parts, state  # noqa: E402

st.set_page_config(page_title="KPOD Studio", page_icon=str(parts.ASSETS / "icon.svg"), layout="wide")
st.logo(str(parts.ASSETS / "logo.svg"), size="large")
parts.styles()

page = st.navigation(
    [
        st.Page(state.PAGES / "overview.py", title="Overview", icon=":material/account_tree:", default=True),
        st.Page(state.PAGES / "distill.py", title="Distill", icon=":material/model_training:"),
        st.Page(state.PAGES / "keypoints.py", title="Keypoints", icon=":material/ink_highlighter:"),
        st.Page(state.PAGES / "curriculum.py", title="Curriculum", icon=":material/stairs:"),
        st.Page(state.PAGES / "questions.py", title="Questions", icon=":material/scatter_plot:"),
        st.Page(state.PAGES / "results.py", title="Results", icon=":material/leaderboard:"),
    ],
    position="top",
)

with parts.guarded():
    page.run()

ahead.load_ahead()
