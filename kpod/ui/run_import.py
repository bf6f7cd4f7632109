"""A run from elsewhere, as every page loads it: a path of this machine, or an archive that is sent."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from kpod.errors import InputError
from kpod.run_archive import Imported, import_archive, import_run
from kpod.run_store import runs_folder
from kpod.ui import reads
from kpod.ui.messages import tell, told

LONGEST_PATH = 1_000
LOADED = "run that was loaded"  # its key among the runs, until another page is opened


def path_form(key: str) -> None:
    """A run folder or an archive by its path; what is loaded becomes the chosen run."""
    field = f"{key}-path"

    def load() -> None:
        path = st.session_state[field].strip()
        if not path:
            raise InputError("Give the path of a run folder, or of a zip or tar.gz of one.")
        _choose(import_run(Path(path), runs_folder(), taken_ids=_taken_ids()))

    with st.form(f"{key}-form", border=False):
        st.text_input(
            "Path on this machine",
            key=field,
            max_chars=LONGEST_PATH,
            placeholder="/data/runs/mine or /data/mine.tar.gz",
            help="A folder outside the runs folder is copied into it and stays as it is where it lies.",
        )
        st.form_submit_button(
            "Load",
            icon=":material/drive_folder_upload:",
            on_click=_attempt,
            args=(load,),
            key=f"{key}-load",
        )


def upload_field(key: str) -> None:
    """A place for an archive; what is loaded becomes the chosen run."""
    number = st.session_state.setdefault(f"{key} number", 0)  # a new key empties the field after each file
    field = f"{key}-{number}"

    def load() -> None:
        sent = st.session_state[field]
        if sent is None:
            return
        st.session_state[f"{key} number"] = number + 1
        _choose(import_archive(sent, runs_folder(), taken_ids=_taken_ids()))

    st.file_uploader(
        "An archive from your computer",
        type=["zip", "gz", "tgz"],
        key=field,
        on_change=_attempt,
        args=(load,),
        help="A zip or tar.gz as Export makes it. It is checked, and unpacked whole or not at all.",
    )


def import_popover() -> None:
    """Both ways, behind one button."""
    with st.popover("Load a run", icon=":material/unarchive:", key="import"):
        path_form("import")
        upload_field("import")


def _attempt(load: Callable[[], None]) -> None:
    with told("Not loaded"), st.spinner("Loading the run: every file is checked first", show_time=True):
        load()


def _taken_ids() -> set[str]:
    return {run.id for run in reads.all_runs().runs.values()}


def _choose(imported: Imported) -> None:
    """Make the loaded run the chosen one. The address names a run by its id, and by its folder where that is shared."""
    folder = imported.run.folder.resolve()
    key = next(key for key, run in reads.all_runs().runs.items() if run.folder.resolve() == folder)
    st.session_state["run"] = st.session_state[LOADED] = key
    tell("info", "Loaded", "\n".join([imported.run.name, *imported.remarks, *imported.run.remarks]))
