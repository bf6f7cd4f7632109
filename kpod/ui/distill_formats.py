"""The draft as YAML and as a command, both ways: shown, downloaded, pasted and sent."""

from __future__ import annotations

import re

import streamlit as st

from kpod.config import RunConfig, read_config
from kpod.config_forms import command_of
from kpod.errors import InputError
from kpod.ui import parts
from kpod.ui.distill_draft import Draft, load

LARGEST_FILE = 200_000  # bytes
YAML_HEIGHT = 420  # pixels; the rest is a scroll away


def configuration_panel(config: RunConfig, draft: Draft) -> None:
    """The form's configuration as a command and as YAML, with ways to take it away and to bring another."""
    text = config.to_yaml()
    st.html('<p class="kp-format"><b>The command</b> that runs it on a terminal</p>')
    st.code(command_of(config, draft.preset), language="bash", wrap_lines=True)
    with st.container(horizontal=True, vertical_alignment="center", key="yaml-bar"):
        st.html('<p class="kp-format"><b>The YAML</b> of every setting</p>')
        st.download_button(
            "Download",
            text,
            file_name=f"{_file_name(config.name)}.yaml",
            mime="application/yaml",
            icon=":material/download:",
            on_click="ignore",
            key="yaml-download",
        )
        with st.popover("Load YAML", icon=":material/upload:", key="yaml-load"):
            load_yaml_form()
    st.code(text, language="yaml", height=YAML_HEIGHT, wrap_lines=True)
    st.caption("Form, command and YAML are one run. The address of this page holds it too: send it to a colleague.")


def load_yaml_form() -> None:
    """Paste or send YAML; the form takes it where it is a configuration, and stays as it is where not."""
    st.text_area("YAML", key="yaml-text", height=220, max_chars=LARGEST_FILE, placeholder="name: My run\ndata: …")
    st.button("Use this text", key="yaml-use", on_click=_use_text, type="primary")
    st.file_uploader("or a file", type=["yaml", "yml"], key="yaml-file", on_change=_use_file)


def show_refusal() -> None:
    """Why the last YAML was not taken, or what of it was of an older version, once."""
    for remark in st.session_state.pop("yaml-remarks", ()):
        parts.notice("info", "A setting of an older version", remark)
    reason = st.session_state.pop("yaml-refused", None)
    if reason:
        parts.notice("error", "This YAML was not taken; the form is as it was", reason)


def _use_text() -> None:
    _use(st.session_state["yaml-text"])


def _use_file() -> None:
    sent = st.session_state["yaml-file"]
    if sent is None:
        return
    content = sent.getvalue()
    if len(content) > LARGEST_FILE:
        st.session_state["yaml-refused"] = f"It has {len(content):,} bytes, of at most {LARGEST_FILE:,}."
        return
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        st.session_state["yaml-refused"] = f"It is no text in UTF-8 ({error.reason} at byte {error.start})."
        return
    _use(text)


def _use(text: str) -> None:
    try:
        config, st.session_state["yaml-remarks"] = read_config(text)
        load(config)
    except InputError as error:
        message = str(error)
        st.session_state["yaml-refused"] = message if len(message) <= 1_500 else f"{message[:1_499]}…"


def _file_name(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")[:60].lower() or "config"
