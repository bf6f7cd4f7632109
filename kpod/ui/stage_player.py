"""The matrices of the curriculum as a component that plays: canvas, scrub and keys, all in the browser."""

from __future__ import annotations

from typing import Any

from kpod.charts.step_matrix import player_colours
from kpod.ui.components import make_component

_PARTS = ("cells", "brushes", "paint")
_SCRIPTS = ("component_common", *(f"stage_player_{part}" for part in _PARTS), "stage_player")
_MOUNT = make_component("stage_player", "sp", *_SCRIPTS)


def stage_player(
    payload: dict[str, Any],
    *,
    identity: str,
    name: str,
    stage: int,
    key: str,
    on_stage: Any = None,
    on_picked: Any = None,
) -> None:
    """Mount the player; `name` is what saved files are called.

    `payload` is `player_payload` of `kpod.charts.step_matrix` or `difficulty_payload` of `charts.difficulty_matrix`.
    While `identity` stays the same the player keeps its own stage over reruns. The callbacks find the stage where it
    was left and the question whose row was clicked in `st.session_state[key]`, under "stage" and "picked".
    """
    data = {**payload, "key": identity, "name": name, "stage": stage, "colours": player_colours()}
    # Without a callback a click is not sent: what is played is no run's own schedule.
    _MOUNT(
        data={**data, "picks": on_picked is not None},
        key=key,
        on_stage_change=on_stage or (lambda: None),
        on_picked_change=on_picked or (lambda: None),
    )
