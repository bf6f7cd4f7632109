"""What can be done with a run: start, cancel (with a question first), resume, and take its settings for another."""

from __future__ import annotations

import threading
from collections.abc import Callable

import streamlit as st

from kpod import jobs
from kpod.config import RunConfig
from kpod.errors import InputError
from kpod.jobs import JobState
from kpod.run_store import Run, load_run
from kpod.ui import parts, state
from kpod.ui.distill_checks import checked
from kpod.ui.distill_draft import current, load
from kpod.ui.saved_figures import format_choice

PROGRESS, NEW = "progress", "new"
_STARTING = threading.Lock()
_BY_CLICK: dict[str, str] = {}
RESULT_PAGES = (
    ("overview", "Overview", ":material/account_tree:"),
    ("keypoints", "Keypoints", ":material/ink_highlighter:"),
    ("curriculum", "Curriculum", ":material/stairs:"),
    ("questions", "Questions", ":material/scatter_plot:"),
    ("results", "Results", ":material/monitoring:"),
)


def start(click: str) -> None:
    """Start the draft and show its run; `click` names the button as it was drawn, so that two clicks start one run.

    The draft is read here and not when the button was drawn: it may have been changed since.
    """
    config = current().config()
    if config is None:
        return
    try:
        show(_started(click, config))
    except InputError as error:
        st.session_state["action-failed"] = str(error)


def _started(click: str, config: RunConfig) -> str:
    """The key of the run that a click starts, or has started.

    The script of a second click begins beside the first one's and stops that where it next touches the session: so what
    was started is kept by this process, and nothing between the start and the note of it is the session's.
    """
    with _STARTING:
        if click not in _BY_CLICK:
            verdict = checked(config)
            if not verdict.ok:
                raise InputError("\n".join(f"{each.setting}: {each.what}" for each in verdict.problems))
            _BY_CLICK[click] = jobs.start(config).id
        return _BY_CLICK[click]


def show(key: str) -> None:
    """Go to the progress of the run of this key; for callbacks."""
    st.session_state["run"] = key
    st.session_state["view"] = PROGRESS


def show_failure() -> None:
    """Why the last start, cancel or resume did not work, once."""
    reason = st.session_state.pop("action-failed", None)
    if reason:
        parts.notice("error", "That did not work", reason)


def run_actions(run: Run, job: JobState) -> None:
    """The buttons of a run: what its state allows."""
    with st.container(horizontal=True, vertical_alignment="center", key="run-actions"):
        if job.live:
            with st.popover("Cancel", icon=":material/stop_circle:", disabled=job.stopping, key="cancel"):
                st.markdown("Stop this run at its next step? It keeps a checkpoint and can be resumed.")
                st.button("Yes, stop it", key="cancel-yes", on_click=_cancel, args=(run,), type="primary")
        elif job.status != "finished":
            st.button(
                "Resume",
                icon=":material/play_arrow:",
                key="resume",
                on_click=_resume,
                args=(run,),
                type="primary",
                help="Goes on from the last checkpoint; what is finished is skipped.",
            )
        if job.status == "finished":
            open_buttons()
        st.button(
            "New run with these settings",
            icon=":material/content_copy:",
            key="clone",
            on_click=_clone,
            args=(run.config,),
        )
        format_choice()


def open_buttons(choose: str | None = None) -> None:
    """The pages that show a run, each a button: the chosen run, or the one whose key is `choose`."""
    for page, label, icon in RESULT_PAGES:
        if st.button(label, icon=icon, key=f"open-{page}"):
            if choose is not None:
                st.session_state["run"] = choose
            st.switch_page(state.PAGES / f"{page}.py", query_params={})


def _cancel(run: Run) -> None:
    _attempt(lambda: jobs.cancel(run))


def _resume(run: Run) -> None:
    _attempt(lambda: jobs.resume(load_run(run.folder)))


def _attempt(action: Callable[[], object]) -> None:
    try:
        action()
    except InputError as error:
        st.session_state["action-failed"] = str(error)


def _clone(config: RunConfig) -> None:
    load(config)
    st.session_state["view"] = NEW
