"""Small parts that every page is made of. Whatever they are given as text is escaped here."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import streamlit as st

from kpod.charts.text import for_html, one_line
from kpod.errors import InputError
from kpod.run_store import Run

ASSETS = Path(__file__).resolve().parent.parent.parent / "assets"
UNEXPECTED = "This page met something in the run that it cannot show"
_ICONS = {"info": "i", "warning": "!", "error": "×"}


def page_title(title: str, subtitle: str) -> None:
    """The head of a page: what it is and what it answers."""
    st.html(f'<header class="kp-head"><h1>{for_html(title)}</h1><p>{for_html(subtitle)}</p></header>')


def section(title: str, hint: str = "") -> None:
    hint_html = f"<p>{for_html(hint)}</p>" if hint else ""
    st.html(f'<div class="kp-section"><h2>{for_html(title)}</h2>{hint_html}</div>')


def notice(kind: str, title: str, text: str = "") -> None:
    """A message in the page: kind is info, warning or error."""
    st.html(
        f'<div class="kp-notice {kind}" role="{"alert" if kind == "error" else "note"}">'
        f'<span class="kp-notice-icon" aria-hidden="true">{_ICONS[kind]}</span>'
        f"<div><strong>{for_html(title)}</strong><p>{for_html(text)}</p></div></div>"
    )


def empty_state(title: str, text: str, command: str = "", further: str = "") -> None:
    """What a page shows while it has nothing to show: what is missing and how to get it."""
    code = f"<code>{for_html(command)}</code>" if command else ""
    more = f'<p class="kp-quiet">{for_html(further)}</p>' if further else ""
    st.html(f'<div class="kp-empty" role="note"><h2>{for_html(title)}</h2><p>{for_html(text)}</p>{code}{more}</div>')


def not_yet(run: Run, what: str, stage: str) -> None:
    """The empty state of a run that lacks `what`: why, and what to do. `stage` is the pipeline's name of its maker."""
    status = run.status
    if status in ("running", "queued"):
        going = "is going" if status == "running" else "waits for its device"
        empty_state(f"No {what} yet", f"The run {going}; this page fills when its stage “{stage}” has finished.")
        return
    if status == "finished":
        empty_state(
            f"This run has no {what}",
            f"It finished without its stage “{stage}”: the method “{run.config.method}” has no use for it. "
            "Choose a run of another method.",
        )
        return
    ends = {"died": "its process ended", "cancelled": "it was cancelled", "failed": "it failed", "created": "it began"}
    text = f"This run stopped before its stage “{stage}” had finished: {ends.get(status, 'it stands at ' + status)}."
    if status == "failed" and run.state.error:
        text += f" {run.state.error}"
    empty_state(f"No {what} yet", f"{text} Continue it with:", command=f"python -m kpod run --resume {run.folder}")


def show_warnings(run: Run, *stages: str) -> None:
    """The run's own warnings, such as collapsed weights: all, or those of `stages` and those that no stage owns."""
    foreign = set()
    if stages:
        foreign = {text for name, record in run.state.stages.items() if name not in stages for text in record.warnings}
    warnings = [text for text in run.state.warnings if text not in foreign]
    if warnings:
        notice("warning", "This run warns", "\n".join(warnings))


@contextmanager
def guarded() -> Iterator[None]:
    """Shows an error as a message on the page instead of a trace, which goes into the server's log.

    Tables of a run that contradict each other can end in any exception, and no page may end in a trace.
    """
    try:
        yield
    except InputError as error:
        notice("error", "This could not be shown", str(error))
    except Exception as error:
        _log_unexpected()
        notice(
            "error",
            UNEXPECTED,
            f"{type(error).__name__}: {one_line(str(error), 300)}\nMost likely files of this run are damaged or do not "
            "go together. Choose another run, or restore this one from a copy; the server's log has the details.",
        )


def _log_unexpected() -> None:
    logging.getLogger(__name__).exception("A page could not be drawn")


def styles() -> None:
    st.html(ASSETS / "styles.css")


def question_card(row: object) -> None:
    """One question with its gold answer, as text and nothing else. `row` has text and answer."""
    st.html(
        f'<div class="kp-question"><p class="kp-text">{for_html(str(row["text"]))}</p>'
        f'<p class="kp-answer"><span>answer</span> <b>{for_html(str(row["answer"]), 60)}</b></p></div>'
    )


def figures(entries: list[tuple[str, str, str]]) -> None:
    """A row of figures: (value, name, explanation) each."""
    cells = "".join(
        f'<div title="{for_html(hint)}"><b>{for_html(value)}</b><span>{for_html(name)}</span></div>'
        for value, name, hint in entries
    )
    st.html(f'<div class="kp-figures">{cells}</div>')
