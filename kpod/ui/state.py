"""The run and the question that all pages share: picked here, kept in the address."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import streamlit as st

from kpod.charts.text import one_line
from kpod.presets import PRESETS
from kpod.run_store import Run
from kpod.ui import address, parts, question_selection, reads

PAGES = Path(__file__).resolve().parent.parent.parent / "pages"
MAX_OPTIONS = 500  # questions that a picker offers at once; more are found by searching


def open_run(title: str, subtitle: str) -> Run:
    """The head of a page with the choice of a run; where there is no run, says so and ends the page."""
    left, right = st.columns([7, 4], gap="large", vertical_alignment="bottom")
    with left:
        parts.page_title(title, subtitle)
    with right:
        run = pick_run()
    if run is None:
        parts.empty_state(
            "No runs yet",
            "A run appears here as soon as it starts. Start one on the Distill page, or on a terminal:",
            command=f"python -m kpod run --preset {next(iter(PRESETS))}",
            further="python -m kpod presets lists the presets; KPOD_RUNS names the folder where runs are kept.",
        )
        start_link("Start a run")
        st.stop()
    return run


def pick_run() -> Run | None:
    """The choice of a run; None where there is none.

    The run's id in the address is looked up in the list of runs, never joined to a path.
    """
    runs = reads.all_runs().runs
    if not runs:
        return None
    address.settle("run", list(runs))
    labels = distinct_labels({key: f"{one_line(run.name, 70)} · {run.status}" for key, run in runs.items()})
    key = st.selectbox(
        "Run",
        list(runs),
        format_func=labels.__getitem__,
        key="run",
        filter_mode="contains",
        persist_state="session",  # the Distill page may show no choice of a run, and it must not be lost there
        label_visibility="collapsed",
    )
    return runs[key]


def start_link(label: str) -> None:
    """A button that leads to a new run on the Distill page."""
    if st.button(label, icon=":material/play_arrow:", type="primary", key="to-distill"):
        st.session_state["view"] = "new"
        st.switch_page(PAGES / "distill.py", query_params={})


def question_picker(run: Run, preferred: Collection[str] = ()) -> str:
    """The choice of a question that the run learned from: searchable, with a step back and forth.

    Where a lasso is drawn on the map, through the questions in it (and the chosen one). While none is chosen, the first
    is one of `preferred`, if it can be.
    """
    all_ids, texts = _learned_questions(run)
    ids = _narrowed(run, all_ids)
    with st.container(horizontal=True, vertical_alignment="bottom", key="question-bar", gap="small"):
        options = _options(ids, texts)
        liked = frozenset(preferred)
        address.settle("question", options, default=next((q for q in options if q in liked), None))
        labels = distinct_labels({q: f"{one_line(q, 40)} · {one_line(texts[q], 110)}" for q in options})
        chosen = st.selectbox(
            "Question",
            options,
            format_func=labels.__getitem__,
            key="question",
            on_change=lambda: choose_question(st.session_state["question"]),  # what is drawn above the picker knows too
            filter_mode="contains",
            persist_state="session",
            label_visibility="collapsed",
        )
        at = ids.index(chosen)
        for name, icon, target in (("previous", "chevron_left", at - 1), ("next", "chevron_right", at + 1)):
            st.button(
                f":material/{icon}:",
                key=f"{name}-question",
                help=f"{name.capitalize()} question",
                disabled=not 0 <= target < len(ids),
                on_click=choose_question,
                args=(ids[target % len(ids)],),
            )
        is_narrowed = len(ids) < len(all_ids)
        st.caption(f"{at + 1:,} of {len(ids):,}{' in the lasso' if is_narrowed else ''}", width="content")
        if is_narrowed:
            question_selection.clear_button(run)
    return chosen


def chosen_question() -> str | None:
    """The question that the address or an earlier page chose; it may be none of this run's."""
    return st.query_params.get("question") or st.session_state.get("question")


def choose_question(question: str) -> None:
    """Make a question the chosen one; for callbacks and before a switch of page."""
    st.session_state["question"] = question
    address.write(question=question, token=None)


def open_page(page: str, question: str) -> None:
    """Go to a page of `pages/`, with a question chosen."""
    if st.session_state.get("question") != question:  # a page with a picker has chosen it already
        st.session_state["question"] = question
    # Without parameters of its own Streamlit would refuse to leave a page whose widgets are in the address.
    st.switch_page(PAGES / f"{page}.py", query_params={})


def is_dark() -> bool:
    return st.context.theme.type == "dark"


def _learned_questions(run: Run) -> tuple[list[str], dict[str, str]]:
    questions = reads.table(run, "questions", ("question", "text", "trained"))
    if "trained" in questions:
        questions = questions[questions["trained"]]
    ids = questions["question"].tolist()
    return ids, dict(zip(ids, questions["text"].astype(str), strict=True))


def _narrowed(run: Run, ids: list[str]) -> list[str]:
    selected = question_selection.selected_questions(run)
    if selected is None:
        return ids
    chosen = chosen_question()
    return [q for q in ids if q in selected or q == chosen] or ids


def _options(ids: list[str], texts: dict[str, str]) -> list[str]:
    if len(ids) <= MAX_OPTIONS:
        return ids
    sought = st.text_input("Find", key="question-search", placeholder="words or id", width=220).strip().lower()
    found = [q for q in ids if sought in q.lower() or sought in texts[q].lower()][:MAX_OPTIONS]
    chosen = chosen_question()
    if chosen in texts and chosen not in found:
        found.insert(0, chosen)
    return found or ids[:MAX_OPTIONS]


def distinct_labels(labels: dict[str, str]) -> dict[str, str]:
    """The labels with a number where one occurs again: Streamlit knows an option by its label alone."""
    count: dict[str, int] = {}
    for label in labels.values():
        count[label] = count.get(label, 0) + 1
    number = dict.fromkeys(count, 0)
    result = {}
    for key, label in labels.items():
        number[label] += 1
        result[key] = label if count[label] == 1 else f"{label} ({number[label]} of {count[label]})"
    return result
