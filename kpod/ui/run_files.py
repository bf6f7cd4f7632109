"""A run as files: exported, renamed, annotated and, asked first, deleted."""

from __future__ import annotations

import io
from collections.abc import Callable

import streamlit as st

from kpod.charts.text import for_html, for_markdown
from kpod.run_archive import KINDS, archive_name, export_run, run_files
from kpod.run_management import MAX_NAME, MAX_NOTE, delete_run, is_kept, read_note, rename_run, write_note
from kpod.run_store import Run
from kpod.ui.messages import show_message, tell, told

MIME = {"zip": "application/zip", "tar.gz": "application/gzip"}


def file_actions(run: Run) -> None:
    """What can be done with a run as a whole, and what somebody noted about it."""
    show_message()
    note = read_note(run.folder)
    if note:
        st.html(f'<div class="kp-note" role="note"><span>note</span><p>{for_html(note)}</p></div>')
    with st.container(horizontal=True, key="run-actions", gap="small"):
        with st.popover("Export", icon=":material/archive:", key="export"):
            _export(run)
        kept = is_kept(run)
        reason = "This run is not in the runs folder (the shipped example is read-only): it can only be exported."
        with st.popover(
            "Name and note", icon=":material/edit:", disabled=not kept, help=None if kept else reason, key="edit"
        ):
            if kept:
                _edit(run, note)
        with st.popover(
            "Delete", icon=":material/delete:", disabled=not kept, help=None if kept else reason, key="delete"
        ):
            if kept:
                _delete(run)


def _export(run: Run) -> None:
    """Archives made when they are asked for."""
    trained = st.checkbox(
        "With what was trained",
        key="export-trained",
        help="The adapter, the weight generator and checkpoints: to go on with the run elsewhere.",
    )
    names = run_files(run.folder, checkpoints=trained)
    size = sum((run.folder / name).stat().st_size for name in names if (run.folder / name).is_file())
    st.caption(f"{len(names)} files, {size / 1e6:,.1f} MB before packing. The archive loads in any KPOD Studio.")
    for kind in KINDS:
        st.download_button(
            kind,
            data=_packed(run, kind, trained),
            file_name=f"{archive_name(run)}.{kind}",
            mime=MIME[kind],
            on_click="ignore",
            icon=":material/download:",
            key=f"export-{kind}",
        )


def _packed(run: Run, kind: str, trained: bool) -> Callable[[], bytes]:
    def pack() -> bytes:
        stream = io.BytesIO()
        export_run(run, stream, kind=kind, checkpoints=trained)
        return stream.getvalue()

    return pack


def _edit(run: Run, note: str) -> None:
    name_key, note_key = f"name of {run.folder.name}", f"note on {run.folder.name}"
    st.text_input("Name", value=run.name, max_chars=MAX_NAME, key=name_key)
    st.text_area("Note", value=note, max_chars=MAX_NOTE, height=140, key=note_key, placeholder="What this run is for")

    def save() -> None:
        name, text = st.session_state[name_key], st.session_state[note_key]
        with told("Not saved"):
            write_note(run, text)
            if name != run.name:
                rename_run(run, name)
            tell("info", "Saved", name)

    st.button("Save", type="primary", on_click=save, key="save-edit")


def _delete(run: Run) -> None:
    """The question, and what is lost."""
    st.markdown(f"Delete **{for_markdown(run.name, 100)}** with its tables, checkpoints and log? It cannot be undone.")

    def delete() -> None:
        with told("Not deleted"):
            delete_run(run)
            st.session_state.pop("run", None)
            tell("info", "Deleted", f"{run.name} is gone.")

    st.button("Delete for good", type="primary", on_click=delete, key="delete-for-good")
