"""The head of a new run: a preset, what it is, the one button that starts it, and what was changed."""

from __future__ import annotations

import secrets

import streamlit as st

from kpod import presets
from kpod.charts.text import for_html
from kpod.config import RunConfig
from kpod.preflight import Preflight
from kpod.ui import parts
from kpod.ui.distill_actions import show_failure, start
from kpod.ui.distill_checks import in_a_line
from kpod.ui.distill_draft import Draft, choose_preset, refused, reset
from kpod.ui.distill_form import value_text
from kpod.ui.run_queue import queue_hint


def preset_choice(draft: Draft) -> None:
    """Which preset the settings start from, and what it is."""
    if st.session_state.get("preset-choice") != draft.preset:
        st.session_state["preset-choice"] = draft.preset
    st.selectbox(
        "Start from",
        list(presets.PRESETS),
        key="preset-choice",
        on_change=lambda: choose_preset(st.session_state["preset-choice"]),
        filter_mode="contains",
    )
    st.html(f'<p class="kp-preset">{for_html((presets.PRESETS[draft.preset].__doc__ or "").strip())}</p>')


def start_button(config: RunConfig | None, verdict: Preflight | None) -> None:
    """Starts the draft; off while something stands in its way."""
    st.button(
        "Start this run",
        type="primary",
        icon=":material/play_arrow:",
        key="start",
        width="stretch",
        disabled=verdict is None or not verdict.ok,
        on_click=start,
        args=(secrets.token_hex(8),),
    )
    hint = "<b>✕ A setting cannot be</b>, see below" if config is None or verdict is None else in_a_line(verdict)
    st.html(f'<p class="kp-expect">{hint}</p>')
    if config is not None and verdict is not None and verdict.ok:
        queue_hint(config)


def show_problems(problems: dict[str, str]) -> None:
    """What stands between the form and a start, and what went wrong with the last click."""
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
