"""The token view as a component: coloured tokens, scrub, threshold and pin, all in the browser."""

from __future__ import annotations

from typing import Any

from kpod.charts.keypoints import scales
from kpod.ui.components import make_component

COLOURS = ("fixed", "own")
CUES = ("bar", "size")
_PARTS = ("toolbar", "text", "coverage")
_SCRIPTS = ("component_common", "token_picture", "token_trajectory", *(f"token_view_{part}" for part in _PARTS))
_MOUNT = make_component("token_view", "tv", *_SCRIPTS, "token_view")


def token_view(
    payload: dict[str, Any], *, identity: str, name: str, view: dict[str, Any], key: str, on_view: Any
) -> None:
    """Mount the view of one rationale; `payload` is `kpod.charts.keypoints.token_payload`.

    `identity` names run, question and unit: while it stays the same, the view keeps its own state over reruns; `name`
    is what files saved from it are called. `view` is what the address says (epoch, threshold, pin, colours, cue). When
    the user changes it, `on_view` is called and finds the new one in `st.session_state[key]["view"]`.
    """
    _MOUNT(
        data={**payload, "key": identity, "name": name, "view": view, "scales": scales()},
        key=key,
        on_view_change=on_view,
    )
