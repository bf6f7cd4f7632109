"""Rationales of a teacher from the app: whom to ask what, how far it is, and the written file as a run's source."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import streamlit as st

from kpod.charts.text import for_html, one_line
from kpod.errors import InputError
from kpod.progress import format_seconds
from kpod.run_store import runs_folder
from kpod.students.registry import STUDENTS
from kpod.teaching import process
from kpod.teaching.options import TeachOptions, make_options, read_options
from kpod.teaching.progress import TeachState
from kpod.ui import address, parts
from kpod.ui.distill_draft import change, current

SECONDS_BETWEEN_LOOKS = 1.0
ENDPOINT, LOCAL = "endpoint", "transformers"
BACKENDS = {ENDPOINT: "An endpoint", LOCAL: "A checkpoint on this machine"}
NEW = "new"


def teach_view() -> None:
    """The form of a generation, and the progress of those that were started."""
    known = {path.name: path for path in _outputs()}
    address.settle("taught", [NEW, *known])
    chosen = st.selectbox(
        "Generation", [NEW, *known], key="taught", label_visibility="collapsed",
        format_func=lambda name: "New generation" if name == NEW else one_line(name, 80),
    )  # fmt: skip
    reason = st.session_state.pop("teach-failed", None)
    if reason:
        parts.notice("error", "That did not work", reason)
    if chosen == NEW:
        _form()
    else:
        _progress(known[chosen])


def _folder() -> Path:
    return runs_folder().resolve() / "taught"


def _outputs() -> list[Path]:
    """What generations write, newest first, whether or not anything is written yet."""
    ending = ".options.yaml"
    found = sorted(_folder().glob(f"*{ending}"), key=lambda path: path.stat().st_mtime, reverse=True)
    return [path.with_name(path.name.removesuffix(ending)) for path in found]


def _form() -> None:
    parts.section(
        "Rationales of a teacher",
        "Ask a large model to solve the questions step by step. Every answer is kept; nothing is asked twice.",
    )
    left, right = st.columns(2, gap="large")
    with left:
        source = st.text_input("Questions", value=str(current().values["data.source"]), key="teach-source",
                               help="A file, shipped:NAME, hub:NAME or small_world:...")  # fmt: skip
        split = st.text_input("Split", value="train", key="teach-split", help="Empty: all questions.")
        limit = st.number_input("First so many questions", 1, value=None, key="teach-limit", placeholder="all")
        name = st.text_input("Name of the written file", value="taught", key="teach-name", max_chars=60)
        samples = st.number_input("Answers a question", 1, 1000, 1, key="teach-samples")
        max_tokens = st.number_input("Longest answer · tokens", 1, value=512, key="teach-max-tokens")
    with right:
        backend = st.segmented_control("Teacher", list(BACKENDS), format_func=BACKENDS.__getitem__, required=True,
                                       default=ENDPOINT, key="teach-backend")  # fmt: skip
        values: dict[str, Any] = {"backend": backend}
        if backend == ENDPOINT:
            values["base_url"] = st.text_input(
                "Address", value="http://localhost:8000/v1", key="teach-url",
                help="Of an OpenAI-compatible endpoint: OpenAI, vLLM, llama.cpp, Ollama.")  # fmt: skip
            values["model"] = st.text_input("Model", key="teach-model", placeholder="its name at the endpoint")
            variable = st.text_input("Environment variable with the key", value="OPENAI_API_KEY", key="teach-variable",
                                     help="The key itself is written nowhere. Empty: no key.")  # fmt: skip
            values["api_key_variable"] = variable.strip() or None
            values["concurrency"] = st.number_input("Requests at once", 1, 1024, 8, key="teach-concurrency")
            prices = st.columns(3)
            for column, key, label in zip(prices, ("input_price", "output_price", "cost_limit"),
                                          ("Price of 1M input tokens", "of 1M output tokens", "Cost limit"),
                                          strict=True):  # fmt: skip
                values[key] = column.number_input(label, 0.0, value=None, key=f"teach-{key}", placeholder="none")
        else:
            names = [entry for entry, student in STUDENTS.items() if student.family == "decoder_only"]
            values["model"] = st.selectbox("Checkpoint", names, key="teach-local", accept_new_options=True)
    slug = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.") or "taught"
    values |= {
        "source": source.strip(), "split": split.strip() or None, "limit": limit, "samples": samples,
        "max_tokens": max_tokens, "out": str(_folder() / f"{slug}.jsonl"),
        "task": current().values["data.task"], "fields": current().values["data.fields"],
    }  # fmt: skip
    try:
        if not (values["model"] or "").strip():
            raise InputError("Name the model that is to be asked.")
        options: TeachOptions | None = make_options(values)
    except InputError as refused:
        options = None
        parts.notice("warning", "Not ready yet", str(refused))
    st.button("Start", type="primary", icon=":material/play_arrow:", key="teach-start", disabled=options is None,
              on_click=_start, args=(options,))  # fmt: skip


def _start(options: TeachOptions) -> None:
    out = Path(options.out)
    try:
        process.start(options)
    except InputError as refused:
        st.session_state["teach-failed"] = str(refused)
        return
    st.session_state["taught"] = out.name


def _go_on(out: Path) -> None:
    try:
        process.start(make_options(read_options(process.options_file(out))))
    except InputError as refused:
        st.session_state["teach-failed"] = str(refused)


def _progress(out: Path) -> None:
    live = process.is_at_work(out)
    young = process.read_state(out) is None

    @st.fragment(run_every=SECONDS_BETWEEN_LOOKS if live or young else None)
    def panel() -> None:
        state, alive = process.read_state(out), process.is_at_work(out)
        if live and not alive:
            st.rerun()
        _shown(state, alive)
        if not alive and (state is None or state.status != "finished"):
            st.code(process.log_tail(out) or "Starting…", language=None)

    panel()
    state = process.read_state(out)
    with st.container(horizontal=True):
        st.button(
            "Stop", icon=":material/stop:", key="teach-stop", disabled=not live, on_click=process.stop, args=(out,)
        )
        done = state is not None and state.status == "finished"
        st.button(
            "Go on", icon=":material/resume:", key="teach-go-on", disabled=live or done, on_click=_go_on, args=(out,)
        )
        st.button("Use these in a new run", icon=":material/school:", key="teach-use", type="primary",
                  disabled=not out.is_file(), on_click=_use, args=(out,))  # fmt: skip


def _shown(state: TeachState | None, alive: bool) -> None:
    if state is None:
        st.html('<p class="kp-quiet">The teacher is being started.</p>')
        return
    status = state.status if alive or state.status != "running" else "its process ended"
    left = "" if state.seconds_left is None or not alive else f" · {format_seconds(state.seconds_left)} left"
    st.progress(min(1.0, state.done / state.total) if state.total else 0.0,
                text=f"{status}: {state.done:,} of {state.total:,} {state.unit}{left}")  # fmt: skip
    parts.figures(
        [
            (f"{state.failed:,}", "failed", "gave no answer after all attempts"),
            (f"{state.requests:,}", "requests", f"{state.retries:,} of them were repeated"),
            (f"{state.prompt_tokens + state.completion_tokens:,}", "tokens", f"{state.completion_tokens:,} of answers"),
            ("–" if state.cost is None else f"{state.cost:.4f}", "cost", "by the prices that were given"),
        ]
    )
    if state.last_error:
        st.html(f'<p class="kp-quiet">Last error: {for_html(state.last_error, 300)}</p>')


def _use(out: Path) -> None:
    """Make the written file the draft's source, and show the form."""
    change("data.source", str(out))
    change("data.fields", None)
    st.session_state["view"] = "new"
    st.session_state["group"] = "data"
