"""The token view as a component: coloured tokens, scrub, threshold and pin, all in the browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

from kpod.charts.keypoints import scales

_HERE = Path(__file__).parent
_MOUNT = st.components.v2.component(
    "kpod_token_view",
    html='<div class="tv">\n</div>',
    css=(_HERE / "token_view.css").read_text(encoding="utf-8"),
    js=(_HERE / "token_view.js").read_text(encoding="utf-8"),
)


def token_view(payload: dict[str, Any], *, identity: str, view: dict[str, Any], key: str, on_view: Any) -> None:
    """Mount the view of one rationale; `payload` is `kpod.charts.keypoints.token_payload`.

    `identity` names run and question: while it stays the same, the view keeps its own state over reruns.
    `view` is what the address says (epoch, threshold, pin). When the user changes it, `on_view` is called and finds
    the new one in `st.session_state[key]["view"]`.
    """
    _MOUNT(
        data={**payload, "key": identity, "view": view, "scales": scales()},
        key=key,
        on_view_change=on_view,
    )
