"""Which questions have their difficulty by epoch recorded: the probe of the run's distillation, in words and as ids."""

from __future__ import annotations

import streamlit as st

from kpod.charts.difficulty_matrix import recorded_questions
from kpod.run_store import Run
from kpod.ui import reads

QUESTIONS = ("question", "text", "trained")  # the columns that the choice of a question reads: one read for both


def probe(run: Run) -> list[str]:
    """The ids of the questions with difficulties by epoch, in the run's order; none where nothing is recorded yet."""
    if not run.has("difficulty_history"):
        return []
    stamps = tuple(reads.stamp(run, name) for name in ("difficulty_history", "questions"))
    return _probe(str(run.folder), stamps, run)


def recorded_for(run: Run) -> str:
    """For how many questions difficulty is recorded at every epoch, and which setting says so."""
    questions = reads.table(run, "questions", QUESTIONS)
    count = int(questions["trained"].sum()) if "trained" in questions else len(questions)
    limit, recorded = run.config.distillation.probe_questions, len(probe(run))
    if limit is None or recorded >= count:
        return f"Recorded at every epoch for all {recorded:,} questions."
    return (
        f"Recorded at every epoch for {recorded:,} of {count:,} questions, drawn at random: the run's setting "
        f"distillation.probe_questions is {limit:,}."
    )


def next_recorded(run: Run, question: str) -> str | None:
    """The first question with difficulties by epoch after this one in the run's order, round the end."""
    recorded = probe(run)
    if not recorded:
        return None
    ids = reads.table(run, "questions", QUESTIONS)["question"].tolist()
    places = {one: place for place, one in enumerate(ids)}
    here = places.get(question, -1)
    return next((one for one in recorded if places[one] > here), recorded[0])


@st.cache_resource(max_entries=8, show_spinner=False)
def _probe(folder: str, stamps: object, _run: Run) -> list[str]:
    history = reads.table(_run, "difficulty_history", ("question_index",))
    return recorded_questions(history, reads.table(_run, "questions", QUESTIONS))
