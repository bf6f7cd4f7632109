"""One question followed through the stages: its steps, when each becomes supervised, and how hard it stays."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from kpod.charts import step_matrix
from kpod.charts.difficulty import before_figure, difficulty_figure
from kpod.charts.text import for_html
from kpod.run_store import Run
from kpod.ui import difficulty_probe, parts, reads, state
from kpod.ui.curriculum_matrix import QUESTIONS
from kpod.ui.saved_figures import figure


def question_path(run: Run, question: str) -> None:
    """The question's steps by stage, its difficulty over the epochs, and the ways on to other pages."""
    questions = reads.table(run, "questions", QUESTIONS)
    parts.question_card(questions[questions["question"] == question].iloc[0])
    schedule = reads.rows(run, "schedule", question).sort_values("stage")
    steps = reads.rows(run, "steps", question).sort_values("step")
    if schedule.empty or steps.empty:
        parts.empty_state(
            "This question is not in the schedule", "It has no rationale, or one that was left out of the run."
        )
        return
    left, right = st.columns([7, 5], gap="large")
    with left:
        st.html(path_html(steps, schedule))
        with st.container(horizontal=True, key="links"):
            to_keypoints = st.button("Open in Keypoints", icon=":material/ink_highlighter:", key="to-keypoints")
            to_questions = st.button("Show on the map", icon=":material/scatter_plot:", key="to-questions")
    with right:
        _difficulty(run, question, steps, schedule)
    if to_keypoints:
        state.open_page("keypoints", question)
    if to_questions:
        state.open_page("questions", question)


def _difficulty(run: Run, question: str, steps: pd.DataFrame, schedule: pd.DataFrame) -> None:
    """How hard the question's steps are at every epoch; outside the probe why that is not known, and what is."""
    if not run.has("difficulty_history"):
        parts.not_yet(run, "difficulties by epoch", "distill")
        return
    since = step_matrix.step_stages(schedule, len(steps))
    if question in difficulty_probe.probe(run):
        figure(difficulty_figure(reads.rows(run, "difficulty_history", question), since), "difficulty")
        st.caption("Open marks: the step is still input; filled: it is supervised.")
        return
    parts.notice("info", "No difficulty by epoch for this question", difficulty_probe.recorded_for(run))
    other = difficulty_probe.next_recorded(run, question)
    if other is not None:
        st.button(
            "Go to a question that has it",
            icon=":material/arrow_forward:",
            key="to-recorded",
            on_click=state.choose_question,
            args=(other,),
        )
    if "difficulty" in steps:
        figure(before_figure(steps, since), "difficulty-before")


def path_html(steps: pd.DataFrame, schedule: pd.DataFrame) -> str:
    """A table of steps by stage: filled where the step is supervised, open where it is given as input."""
    first = step_matrix.step_stages(schedule, len(steps))
    stages = schedule["stage"].tolist()
    head = "".join(f"<th scope='col'>{int(stage)}</th>" for stage in stages)
    body = []
    for k, (text, since) in enumerate(zip(steps["text"], first, strict=True)):
        cells = "".join(
            '<td class="on" title="supervised">■</td>'
            if since is not None and stage >= since
            else '<td class="off" title="input">□</td>'
            for stage in stages
        )
        when = "never" if since is None else f"stage {since}"
        difficulty = f"{float(steps['difficulty'].iloc[k]):.2f}" if "difficulty" in steps else ""
        body.append(
            f'<tr><th scope="row">{k + 1}</th><td class="kp-step-text">{for_html(str(text))}</td>'
            f'<td class="kp-number">{difficulty}</td><td class="kp-when">{when}</td>{cells}</tr>'
        )
    return (
        '<div class="kp-path"><table><thead><tr><th></th><th>step</th><th>d</th><th>supervised from</th>'
        f"{head}</tr></thead><tbody>{''.join(body)}</tbody></table></div>"
    )
