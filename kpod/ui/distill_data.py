"""Where the questions come from: shipped, made, a file's path, or a file that is sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from kpod.charts.text import for_html, one_line
from kpod.data_sources import ASSETS, SHIPPED
from kpod.errors import InputError
from kpod.tasks.hub import PREFIX as HUB
from kpod.tasks.hub import SYNTAX
from kpod.tasks.small_world import PREFIX as SMALL_WORLD
from kpod.ui import parts
from kpod.ui.distill_draft import Draft, change, current
from kpod.ui.distill_preview import source_preview
from kpod.uploads import SUFFIXES, save_upload, uploads_folder

SOURCE = "data.source"
KINDS = {
    "shipped": "Shipped",
    "world": "Small world",
    "hub": "Hugging Face hub",
    "path": "File on this machine",
    "upload": "Upload",
}
_FIRST = {"shipped": f"{SHIPPED}example_questions", "world": f"{SMALL_WORLD}train=400,test=200,seed=1", "path": "",
          "hub": f"{HUB}openai/gsm8k"}  # fmt: skip
# Controls of the small world: name, label, lowest, highest, default.
_WORLD = (
    ("train", "Training problems", 1, 100_000, 400),
    ("test", "Test problems", 0, 100_000, 200),
    ("seed", "Seed", 0, 999_999_999, 1),
    ("min_steps", "Fewest steps", 1, 6, 2),
    ("max_steps", "Most steps", 1, 6, 4),
)


def data_source(draft: Draft, problem: str | None) -> None:
    """The choice of a source, into the draft's `data.source`."""
    value = str(draft.values[SOURCE])
    if st.session_state.get("source-of") != value or "source-kind" not in st.session_state:
        st.session_state["source-kind"] = kind_of(value)
        st.session_state["source-of"] = value
    kind = st.segmented_control(
        "Questions from",
        list(KINDS),
        format_func=KINDS.__getitem__,
        required=True,
        key="source-kind",
        on_change=_take_kind,
    )
    _EDITORS[kind](value)
    source_preview(draft)
    if problem is not None:
        parts.notice("error", "These questions cannot be used", problem)


def kind_of(source: str) -> str:
    """Which of KINDS a source is."""
    if source.startswith(SHIPPED):
        return "shipped"
    if source.startswith(SMALL_WORLD):
        return "world"
    if source.startswith(HUB):
        return "hub"
    return "upload" if source.startswith(f"{uploads_folder()}/") else "path"


def world_options(spec: str) -> dict[str, str]:
    """The settings of a small world's one line, as they are written there."""
    pairs = (part.partition("=") for part in spec.removeprefix(SMALL_WORLD).split(","))
    return {name.strip(): value.strip() for name, separator, value in pairs if separator}


def world_spec(options: dict[str, Any]) -> str:
    return SMALL_WORLD + ",".join(f"{name}={value}" for name, value in options.items())


def _take(value: str) -> None:
    change(SOURCE, value)
    st.session_state["source-of"] = value


def _take_kind() -> None:
    kind = st.session_state["source-kind"]
    if kind in _FIRST:
        _take(_FIRST[kind])


def _shipped(value: str) -> None:
    names = sorted(f"{SHIPPED}{path.stem}" for path in ASSETS.glob("*.jsonl"))
    if value not in names:
        names.insert(0, value)
    _follow("source-shipped", value)
    st.selectbox(
        "Set",
        names,
        format_func=lambda name: one_line(name.removeprefix(SHIPPED).replace("_", " "), 80),
        key="source-shipped",
        on_change=lambda: _take(st.session_state["source-shipped"]),
    )


def _world(value: str) -> None:
    options = world_options(value)
    for column, (name, label, low, high, default) in zip(st.columns(len(_WORLD)), _WORLD, strict=True):
        key = f"world-{name}"
        text = options.get(name, "")
        _follow(key, min(max(int(text), low), high) if text.isdecimal() and len(text) < 10 else default)
        column.number_input(label, low, high, step=1, key=key, on_change=_keep_world, args=(name, key))
    st.html(
        '<p class="kp-setting"><span>Word problems of our own making whose every step, token role and number is known: '
        f"the same line gives the same problems anywhere. <code>{for_html(value, 300)}</code></span></p>"
    )


def _keep_world(name: str, key: str) -> None:
    options = world_options(str(current().values[SOURCE]))
    _take(world_spec(options | {name: st.session_state[key]}))


def _path(value: str) -> None:
    _follow("source-path", value)
    st.text_input(
        "Path of the file",
        key="source-path",
        placeholder="questions.jsonl",
        help=f"Of a file on the machine that runs this app: {', '.join(SUFFIXES)}.",
        max_chars=1_000,
        on_change=lambda: _take(st.session_state["source-path"].strip()),
    )


def _hub(value: str) -> None:
    _follow("source-hub", value)
    st.text_input(
        "Data set",
        key="source-hub",
        help=f"{SYNTAX}. It is fetched when a run starts, or when you look at it here.",
        max_chars=500,
        on_change=_keep_hub,
    )


def _keep_hub() -> None:
    name = st.session_state["source-hub"].strip()
    _take(name if name.startswith(HUB) else f"{HUB}{name}")


def _upload(value: str) -> None:
    sent = st.file_uploader(
        "A file of questions", type=[suffix[1:] for suffix in SUFFIXES], key="source-upload", on_change=_keep_upload
    )
    reason = st.session_state.pop("upload-refused", None)
    if reason:
        parts.notice("error", "This file was not taken", reason)
    if kind_of(value) == "upload" and sent is None:
        st.html(f'<p class="kp-setting"><span>In use: {for_html(value.rpartition("/")[2], 120)}</span></p>')


def _keep_upload() -> None:
    sent = st.session_state["source-upload"]
    if sent is None:
        return
    try:
        _take(str(save_upload(sent.name, sent.getvalue())))
    except InputError as error:
        st.session_state["upload-refused"] = str(error)


_EDITORS: dict[str, Callable[[str], None]] = {
    "shipped": _shipped,
    "world": _world,
    "path": _path,
    "hub": _hub,
    "upload": _upload,
}


def _follow(key: str, value: Any) -> None:
    """Let a widget show what the draft says."""
    if st.session_state.get(key) != value:
        st.session_state[key] = value
