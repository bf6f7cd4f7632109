"""A look at the questions before a run: how columns are read, what there is, and every mistake by its line."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from kpod.charts.text import for_html, one_line
from kpod.data_sources import find_source
from kpod.errors import InputError
from kpod.tasks.field_map import FIELDS
from kpod.tasks.hub import PREFIX as HUB
from kpod.tasks.inspection import SourceReport
from kpod.teacher import filter_rationales
from kpod.teacher.report import CheckReport
from kpod.ui import parts
from kpod.ui.distill_draft import Draft, change

GUESSED = "guessed"
ROWS_SHOWN = 100
FRESH_SECONDS = 60


def source_preview(draft: Draft) -> None:
    """What the draft's source holds; of a hub set only when asked, for that may fetch it."""
    name, task, fields = (draft.values[f"data.{key}"] for key in ("source", "task", "fields"))
    fields = fields if isinstance(fields, dict) else None
    with st.expander("What is in it", icon=":material/table_eye:", key="source-preview"):
        if str(name).startswith(HUB) and st.session_state.get("looked-at") != name:
            st.button("Fetch it and look", key="look", icon=":material/download:", on_click=_look, args=(name,))
            return
        try:
            with st.spinner("Reading the questions"):
                report = _report(str(name), task, tuple(sorted((fields or {}).items())))
        except InputError as refused:
            parts.notice("error", "This cannot be read", str(refused))
            return
        _summary(report)
        _columns(report, fields or {})
        _mistakes(report)
        _questions(report)
        _findings(str(name), task, fields)


def _look(name: str) -> None:
    st.session_state["looked-at"] = name


@st.cache_data(max_entries=8, ttl=FRESH_SECONDS, show_spinner=False)
def _report(name: str, task: str | None, fields: tuple[tuple[str, str], ...]) -> SourceReport:
    return find_source(name).inspect(task, dict(fields))


@st.cache_data(max_entries=8, ttl=FRESH_SECONDS, show_spinner=False)
def _checks(name: str, task: str | None, fields: tuple[tuple[str, str], ...]) -> CheckReport:
    return filter_rationales(find_source(name).questions(task, "suffix", dict(fields))[0])[1]


def _summary(report: SourceReport) -> None:
    splits = ", ".join(f"{one_line(name, 30)} {count:,}" for name, count in report.splits.items()) or "none"
    guessed = " (guessed)" if report.task_is_guessed else ""
    parts.figures(
        [
            (f"{report.questions:,}", "questions", f"in {report.rows:,} rows; splits: {splits}"),
            (f"{report.with_rationale:,}", "rationales", f"{report.rationales_right:,} reach the gold answer, "
             f"{report.rationales_wrong:,} another one"),
            (report.task, f"task{guessed}", "how answers are read"),
            (f"{report.num_errors:,}", "bad rows", "left out; each is listed below"),
        ]
    )  # fmt: skip
    for note in report.notes:
        parts.notice("info", "About this set", note)
    if report.problem is not None:
        parts.notice("error", "No question can be read", report.problem)


def _columns(report: SourceReport, fields: dict[str, str]) -> None:
    """Which column each field is read from, to be changed."""
    shown = [guess for guess in report.fields if guess.field in FIELDS]
    options = [GUESSED, *report.columns]
    for start in range(0, len(shown), 3):
        for column, guess in zip(st.columns(3), shown[start : start + 3], strict=False):
            key = f"field-{guess.field}"
            given = fields.get(guess.field)
            wanted = given if given in report.columns else GUESSED
            if st.session_state.get(key) not in options or st.session_state[key] != wanted:
                st.session_state[key] = wanted
            column.selectbox(
                guess.field.replace("_", " ").capitalize(), options, key=key, on_change=_keep_field,
                args=(guess.field, key), format_func=lambda name: one_line(name, 40),
            )  # fmt: skip
            source = one_line(guess.column or "none", 40)
            column.html(
                f'<div class="kp-setting"><span>{for_html(source)} · {for_html(guess.confidence)}: '
                f"{for_html(guess.reason, 120)}</span></div>"
            )


def _keep_field(field: str, key: str) -> None:
    draft: Draft = st.session_state["draft"]
    fields = dict(draft.values["data.fields"] or {})
    fields.pop(field, None)
    if st.session_state[key] != GUESSED:
        fields[field] = st.session_state[key]
    change("data.fields", fields or None)


def _mistakes(report: SourceReport) -> None:
    if report.duplicate_ids:
        first = ", ".join(one_line(each, 30) for each in report.first_duplicates)
        parts.notice("warning", f"{report.duplicate_ids:,} ids come again", f"The first: {first}. Set Duplicates.")
    if report.num_errors:
        rows = [{"where": one_line(each.place, 30), "what": one_line(each.message, 300)} for each in report.errors]
        st.dataframe(pd.DataFrame(rows), hide_index=True, width="stretch", height=min(240, 40 + 36 * len(rows)))


def _questions(report: SourceReport) -> None:
    rows = [
        {
            "id": one_line(question.id, 30),
            "question": one_line(question.text, 300),
            "rationale": one_line(question.rationale or "", 300),
            "answer": one_line(question.answer, 60),
        }
        for question in report.preview
    ]
    if rows:
        st.dataframe(pd.DataFrame(rows), hide_index=True, width="stretch")


def _findings(name: str, task: str | None, fields: dict[str, str] | None) -> None:
    """What the checks of rationales find, where the questions are whole."""
    try:
        report = _checks(name, task, tuple(sorted((fields or {}).items())))
    except InputError:
        return  # told above, row by row
    found = [
        {"finding": each.reason, "questions": each.found, "what is done": each.action, "left out": each.dropped}
        for each in report.reasons
        if each.found
    ]
    st.caption(f"By the default rules {report.kept:,} of {report.questions:,} questions are kept.")
    if found:
        st.dataframe(pd.DataFrame(found), hide_index=True, width="stretch")
