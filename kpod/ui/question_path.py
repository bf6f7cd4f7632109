"""One question followed through the stages: its steps, when each becomes supervised, and how hard it stays."""

from __future__ import annotations

import streamlit as st

from kpod.charts import step_matrix
from kpod.charts.difficulty import difficulty_figure
from kpod.charts.text import for_html
from kpod.run_store import Run
from kpod.ui import parts, reads, state
from kpod.ui.saved_figures import figure


def question_path(run: Run, question: str) -> None:
    """The question's steps by stage, its difficulty over the epochs, and the ways on to other pages."""
    row = reads.table(run, "questions").set_index("question").loc[question]
    parts.question_card(row)
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
        if run.has("difficulty_history"):
            history = reads.rows(run, "difficulty_history", question)
            if len(history):
                figure(difficulty_figure(history, step_matrix.step_stages(schedule, len(steps))), "difficulty")
                st.caption("Open marks: the step is still input; filled: it is supervised.")
        else:
            parts.not_yet(run, "difficulties by epoch", "distill")
    if to_keypoints:
        state.open_page("keypoints", question)
    if to_questions:
        state.open_page("questions", question)


def path_html(steps: object, schedule: object) -> str:
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
