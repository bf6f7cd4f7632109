"""The step-by-epoch matrix that plays: of input steps by stage, or of difficulty by epoch of distillation."""

from __future__ import annotations

import zlib
from typing import Any

import streamlit as st

from kpod.charts import difficulty_matrix, step_matrix
from kpod.run_store import Run
from kpod.ui import address, difficulty_probe, parts, question_selection, reads, state
from kpod.ui.stage_player import stage_player

QUESTIONS = ("question", "text", "answer", "cluster", "trained")
SCHEDULE = ("question", "stage", "input_steps")
HISTORY = ("epoch", "question_index", "step", "difficulty")
INPUT_STEPS, DIFFICULTY = COLOURINGS = ("input steps", "difficulty")
TITLES = {
    INPUT_STEPS: ("Input steps by stage", "A row is a question; the pale end is a whole rationale supervised."),
    DIFFICULTY: ("Difficulty by epoch", "A row is a step, narrow for as long as it is input; a question's rows touch."),
}


def matrix_by_choice(run: Run) -> None:
    """The matrix, coloured as the reader and the address choose."""
    _matrix(run, COLOURINGS)


def matrix_of_difficulty(run: Run) -> None:
    """The matrix of difficulty alone."""
    _matrix(run, (DIFFICULTY,))


def ordered_rows(key: str) -> str:
    """The choice of the matrix's order."""
    return st.selectbox("Rows by", step_matrix.ORDERS, key=key, bind="query-params", width=220)


def _matrix(run: Run, colourings: tuple[str, ...]) -> None:
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom", key="matrix-head"
    ):
        title = st.container(width="content")
        with st.container(horizontal=True, width="content", key="matrix-choices"):
            colour = colourings[0]
            if len(colourings) > 1:
                colour = st.segmented_control(
                    "Colour by", colourings, default=colour, required=True, key="cells", bind="query-params"
                )
            order = ordered_rows("rows")
        with title:
            parts.section(*TITLES[colour])
    if colour == INPUT_STEPS:
        _play(run, _input_steps(run, order), order, colour)
    elif run.has("difficulty_history"):
        _play(run, _difficulty(run, order), order, colour)
    else:
        parts.not_yet(run, "difficulties by epoch", "distill")


def _input_steps(run: Run, order: str) -> dict[str, Any]:
    """What is played, with what is said above it."""
    stages, chosen = reads.table(run, "stages"), state.chosen_question()
    matrix = _step_matrix(*_key(run, order), question_selection.selected_questions(run), run)
    if matrix.total < len(reads.table(run, "schedule", SCHEDULE)) // len(stages):
        st.caption(f"The {matrix.total:,} questions in the lasso of the map; H and D are those of all.")
    if len(matrix.questions) < matrix.total:
        st.caption(f"{len(matrix.questions):,} of {matrix.total:,} questions, evenly drawn from this order.")
    return step_matrix.player_payload(matrix, stages, chosen)


def _difficulty(run: Run, order: str) -> dict[str, Any]:
    selected = question_selection.selected_questions(run)
    matrix = _difficulty_matrix(*_key(run, order), selected, run)
    said = [difficulty_probe.recorded_for(run)]
    if selected is not None:
        inside = bool(selected.intersection(matrix.questions))
        said.append(f"{matrix.recorded:,} of them in the lasso of the map." if inside else "None in the map's lasso.")
    if matrix.shown < matrix.recorded:
        said.append(f"{matrix.shown:,} of these questions are shown, evenly drawn from this order.")
    st.caption(" ".join(said))
    return difficulty_matrix.difficulty_payload(matrix, reads.table(run, "stages"), state.chosen_question())


def _play(run: Run, payload: dict[str, Any], order: str, colour: str) -> None:
    def keep_stage() -> None:
        address.write(stage=str(int(st.session_state["matrix"]["stage"])))

    def keep_picked() -> None:
        question = st.session_state["matrix"]["picked"]
        if question in payload["questions"]:
            state.choose_question(question)

    last = len(payload["stages"]) - 1
    lasso = question_selection.lasso_text(run)
    stage_player(
        payload,
        identity=f"{run.folder}\n{_stamps(run)}\n{colour}\n{order}\n{lasso}\n{_told_apart(payload['questions'])}",
        name=run.id,
        stage=int(address.read_number("stage", last, 0, last)),
        key="matrix",
        on_stage=keep_stage,
        on_picked=keep_picked,
    )


def _told_apart(questions: list[str]) -> int:
    """Another number for other rows: of as many rows the chosen question's may stand elsewhere."""
    return zlib.crc32("\n".join(questions).encode())


def _stamps(run: Run) -> tuple[object, ...]:
    return tuple(reads.stamp(run, name) for name in ("schedule", "questions", "steps", "difficulty_history"))


def _key(run: Run, order: str) -> tuple[str, object, str, str | None, str | None]:
    """What tells one matrix from another; the lasso stands for the questions in it."""
    return str(run.folder), _stamps(run), order, state.chosen_question(), question_selection.lasso_text(run)


@st.cache_resource(max_entries=8, show_spinner=False)
def _step_matrix(
    folder: str,
    stamps: object,
    order: str,
    chosen: str | None,
    lasso: str | None,
    _selected: frozenset[str] | None,
    _run: Run,
) -> step_matrix.StepMatrix:
    schedule = reads.table(_run, "schedule", SCHEDULE)
    steps = reads.table(_run, "steps", ("question", "step", "difficulty"))
    if _selected is not None and schedule["question"].isin(_selected).any():
        schedule = schedule[schedule["question"].isin(_selected)]
        steps = steps[steps["question"].isin(_selected)]
    return step_matrix.step_matrix(schedule, reads.table(_run, "questions", QUESTIONS), steps, order, keep=chosen)


@st.cache_resource(max_entries=8, show_spinner=False)
def _difficulty_matrix(
    folder: str,
    stamps: object,
    order: str,
    chosen: str | None,
    lasso: str | None,
    _selected: frozenset[str] | None,
    _run: Run,
) -> difficulty_matrix.DifficultyMatrix:
    return difficulty_matrix.difficulty_matrix(
        reads.table(_run, "difficulty_history", HISTORY),
        reads.table(_run, "schedule", SCHEDULE),
        reads.table(_run, "questions", QUESTIONS),
        reads.table(_run, "steps", ("question", "step", "difficulty", "text")),
        order,
        within=_selected,
        keep=chosen,
    )
