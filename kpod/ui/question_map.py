"""The map of questions as a component: bytes in, a lasso's polygon or a clicked row out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

_HERE = Path(__file__).parent
_MOUNT = st.components.v2.component(
    "kpod_question_map",
    html='<div class="qm">\n</div>',
    css=(_HERE / "question_map.css").read_text(encoding="utf-8"),
    js=(_HERE / "question_map.js").read_text(encoding="utf-8"),
)


def question_map(payload: bytes, *, key: str, on_lasso: Any, on_picked: Any) -> None:
    """Mount the map; `payload` is `kpod.charts.question_map.map_payload`.

    The callbacks find the lasso's corners (empty: selection cleared) in `st.session_state[key]["lasso"]` and the row
    that was clicked in `st.session_state[key]["picked"]`.
    """
    _MOUNT(data=payload, key=key, on_lasso_change=on_lasso, on_picked_change=on_picked)
