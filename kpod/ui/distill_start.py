"""The head of a new run: a preset, what it is, and the one button that starts it."""

from __future__ import annotations

import streamlit as st

from kpod import presets
from kpod.charts.text import for_html
from kpod.config import RunConfig
from kpod.run_store import new_folder
from kpod.ui import parts
from kpod.ui.distill_actions import show_failure, start
from kpod.ui.distill_draft import Draft, choose_preset, refused, reset
from kpod.ui.distill_form import value_text


def start_bar(draft: Draft, config: RunConfig | None, problems: dict[str, str], hint: str, can_start: bool) -> None:
    """Preset and button; `hint` says what to expect of the run, in HTML."""
    with st.container(border=True, key="start-bar"):
        left, right = st.columns([7, 4], gap="large", vertical_alignment="center")
        with left:
            if st.session_state.get("preset-choice") != draft.preset:
                st.session_state["preset-choice"] = draft.preset
            st.selectbox(
                "Start from",
                list(presets.PRESETS),
                key="preset-choice",
                on_change=lambda: choose_preset(st.session_state["preset-choice"]),
                filter_mode="contains",
            )
            st.html(f'<p class="kp-preset">{for_html(_description(draft.preset))}</p>')
        with right:
            st.button(
                "Start this run",
                type="primary",
                icon=":material/play_arrow:",
                key="start",
                width="stretch",
                disabled=config is None or not can_start,
                on_click=start,
                args=(config, new_folder(config)) if config is not None else (),
            )
            st.html(f'<p class="kp-expect">{hint}</p>')
    show_failure()
    reason = refused()
    if reason:
        parts.notice("error", "This link could not be followed", reason)
    if problems:
        parts.notice("error", "Not ready to start", "\n".join(dict.fromkeys(problems.values())))


def changes(draft: Draft) -> None:
    """What differs from the preset, each with a way back."""
    changed = draft.changed()
    if not changed:
        st.html('<p class="kp-quiet">Every setting is as in the preset.</p>')
        return
    with st.container(horizontal=True, vertical_alignment="center", key="changes-head"):
        st.html(f"<b>{len(changed)} changed</b>")
        st.button("Reset all", icon=":material/undo:", key="reset-all", on_click=reset, args=(list(changed),))
    for path, (before, now) in changed.items():
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.button(
                ":material/undo:",
                key=f"reset-{path}",
                type="tertiary",
                help=f"Back to {value_text(before)}",
                on_click=reset,
                args=([path],),
            )
            st.html(
                f'<p class="kp-change"><code>{for_html(path)}</code> {for_html(value_text(before))} → '
                f"<b>{for_html(value_text(now))}</b></p>"
            )


def _description(preset: str) -> str:
    return (presets.PRESETS[preset].__doc__ or "").strip()
