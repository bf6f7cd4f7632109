"""The Distill page: a new run, the progress of one, or one from elsewhere."""

from __future__ import annotations

import streamlit as st

from kpod.ui import address, distill_draft, parts, state
from kpod.ui.distill_actions import NEW, PROGRESS, run_actions, show_failure
from kpod.ui.distill_form import pick_group, settings_form
from kpod.ui.distill_formats import command_panel, show_refusal, yaml_panel
from kpod.ui.distill_progress import run_progress
from kpod.ui.distill_start import changes, start_bar

VIEWS = {NEW: "New run", PROGRESS: "Progress"}
PANELS = {"changes": "Changes", "yaml": "YAML", "command": "Command"}


def page() -> None:
    """The whole page, by its view."""
    st.html(parts.ASSETS / "distill.css")
    left, right = st.columns([7, 4], gap="large", vertical_alignment="bottom")
    with left:
        parts.page_title("Distill", "Teach a small model a large one's reasoning: choose, check, start, and watch.")
    address.settle("view", list(VIEWS))
    with right:
        view = st.segmented_control(
            "View",
            list(VIEWS),
            format_func=VIEWS.__getitem__,
            required=True,
            key="view",
            label_visibility="collapsed",
        )
    _SHOW[view]()


def _new_run() -> None:
    draft = distill_draft.current()
    problems = draft.problems()
    config = draft.config()
    distill_draft.write_address(draft, config)
    start_bar(draft, config, problems, "", can_start=True)
    show_refusal()
    group = pick_group(draft, problems)
    left, right = st.columns([8, 5], gap="large")
    with left:
        settings_form(draft, problems, group)
    with right:
        address.settle("panel", list(PANELS))
        panel = st.segmented_control(
            "Panel",
            list(PANELS),
            format_func=PANELS.__getitem__,
            required=True,
            key="panel",
            label_visibility="collapsed",
        )
        if panel == "changes":
            changes(draft)
        elif config is None:
            st.html('<p class="kp-quiet">Shown when every setting is one that can be.</p>')
        elif panel == "yaml":
            yaml_panel(config)
        else:
            command_panel(config, draft)


def _progress() -> None:
    run = state.pick_run()
    if run is None:
        parts.empty_state("No run yet", "A run shows its progress here as soon as it is started.")
        return
    show_failure()
    run_actions(run)
    run_progress(run)


_SHOW = {NEW: _new_run, PROGRESS: _progress}
