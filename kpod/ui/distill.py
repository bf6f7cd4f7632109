"""The Distill page: a new run, the progress of one, or one from elsewhere."""

from __future__ import annotations

import streamlit as st

from kpod import jobs
from kpod.config import RunConfig
from kpod.preflight import Preflight
from kpod.ui import address, distill_draft, parts, state
from kpod.ui.distill_actions import NEW, PROGRESS, run_actions, show_failure
from kpod.ui.distill_checks import checked, checks_panel, schedule_panel
from kpod.ui.distill_draft import Draft
from kpod.ui.distill_form import pick_group, settings_form
from kpod.ui.distill_formats import configuration_panel, show_refusal
from kpod.ui.distill_load import load_view
from kpod.ui.distill_progress import run_progress
from kpod.ui.distill_start import changes, preset_choice, show_problems, start_button
from kpod.ui.distill_teach import teach_view
from kpod.ui.run_queue import queue_panel, take_wish

TEACH, LOAD = "teach", "load"
VIEWS = {NEW: "New run", PROGRESS: "Progress", LOAD: "Load", TEACH: "Teacher"}
CONFIGURATION = "configuration"
PANELS = {"checks": "Checks", "schedule": "Schedule", "changes": "Changes", CONFIGURATION: "Configuration"}
OLDER_PANELS = ("yaml", "command")  # in links from when these two were panels of their own


def page() -> None:
    """The whole page, by its view."""
    st.html(parts.ASSETS / "distill.css")
    left, right = st.columns([7, 4], gap="large", vertical_alignment="bottom")
    with left:
        parts.page_title("Distill", "Teach a small model a large one's reasoning: choose, check, start, and watch.")
    address.settle("view", list(VIEWS))
    with right, st.container(horizontal=True, horizontal_alignment="right"):
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
    """The form first and the checks last, in places above it: checks of large data take a second or two."""
    draft = distill_draft.current()
    problems, config = draft.problems(), draft.config()
    distill_draft.write_address(draft, config)
    with st.container(border=True, key="start-bar"):
        left, right = st.columns([7, 4], gap="large", vertical_alignment="center")
        with left:
            preset_choice(draft)
        start_place = right.container()
    show_problems(problems)
    show_refusal()
    group = pick_group(draft, problems)
    left, right = st.columns([8, 5], gap="large")
    with right:
        panel = _pick_panel(len(draft.changed()))
        panel_place = st.container()
    with left:
        settings_form(draft, problems, group)
    with start_place:
        with st.spinner("Checking data, student, memory and disk", show_time=True):
            verdict = checked(config) if config is not None else None
        start_button(config, verdict)
    with panel_place:
        _show_panel(panel, draft, config, verdict)


def _pick_panel(num_changed: int) -> str:
    if st.query_params.get("panel") in OLDER_PANELS:
        st.query_params["panel"] = CONFIGURATION
    address.settle("panel", list(PANELS))
    labels = PANELS | {"changes": f"Changes • {num_changed}" if num_changed else "Changes"}
    return st.segmented_control(
        "Panel",
        list(PANELS),
        format_func=labels.__getitem__,
        required=True,
        key="panel",
        label_visibility="collapsed",
    )


def _show_panel(panel: str, draft: Draft, config: RunConfig | None, verdict: Preflight | None) -> None:
    if panel == "changes":
        changes(draft)
    elif config is None:
        st.html('<p class="kp-quiet">Shown when every setting is one that can be.</p>')
    elif panel == CONFIGURATION:
        configuration_panel(config, draft)
    elif panel == "schedule":
        schedule_panel(config, verdict)
    elif verdict is not None:
        checks_panel(verdict)


def _progress() -> None:
    take_wish()
    run = state.pick_run()
    if run is None:
        parts.empty_state("No run yet", "A run shows its progress here as soon as it is started.")
        return
    show_failure()
    job = jobs.state(run)  # looked at once: a run that ends in between would be offered neither a cancel nor a resume
    run_actions(run, job)
    queue_panel(st.session_state["run"])
    run_progress(run, job.live)


_SHOW = {NEW: _new_run, PROGRESS: _progress, LOAD: load_view, TEACH: teach_view}
