"""What if the curriculum had other settings: its schedule for this run's difficulties, at once and without training."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from kpod import methods
from kpod.charts import what_if as charts
from kpod.charts.step_matrix import ordered_matrix, player_payload
from kpod.config import RunConfig, override
from kpod.curriculum import SELECTORS, Schedule, StepTable
from kpod.curriculum.comparison import schedule_gap, supervised_shares
from kpod.question_clustering.map_clusters import clusters_of_map
from kpod.run_curriculum import dry_run_of, schedule_inputs, whole_rationales
from kpod.run_store import Run
from kpod.ui import address, distill_draft, parts, reads, state
from kpod.ui.curriculum_matrix import QUESTIONS, ordered_rows
from kpod.ui.saved_figures import figure
from kpod.ui.stage_player import stage_player


@dataclass(frozen=True)
class Knob:
    """One setting with a slider; `name` is its parameter in the address."""

    name: str
    path: str
    label: str
    low: float
    high: float
    step: float
    hint: str
    own: float


@dataclass(frozen=True)
class Basis:
    """What a schedule is made from, and the run's own: rows are the questions that it learned from."""

    table: StepTable
    clusters: np.ndarray
    first_rows: np.ndarray
    points: np.ndarray | None
    ids: list[str]
    own: np.ndarray
    budgets: np.ndarray


def what_if_view(run: Run) -> None:
    """Sliders, the schedule that they give against the run's own, and how to run it."""
    if not run.has("steps", "difficulty") or not run.has("questions", "cluster"):
        parts.not_yet(run, "step difficulties", "difficulty")
        return
    parts.section(
        "What if?", "Move a setting: the schedule of this run's difficulties is built anew, without training anything."
    )
    base = _progressive(run.config)
    if base is not run.config:
        label = methods.get(run.config.method).label
        parts.notice("info", f"The method of this run ({label}) has no such schedule", "This is what kpod would do.")
    _sliders_and_schedule(run, base)


@st.fragment
def _sliders_and_schedule(run: Run, base: RunConfig) -> None:
    basis = _basis(str(run.folder), tuple(reads.stamp(run, name) for name in ("steps", "schedule", "questions")), run)
    left, right = st.columns([4, 9], gap="large")
    with left:
        changes = _settings(run, base, basis.points is not None)
    assignments = [f"{path}={_text(value)}" for path, value in changes.items()]
    config = override(base, assignments)
    with right, parts.guarded():
        schedule = dry_run_of(basis.table, _clusters(basis, base, config), basis.first_rows, config).schedule
        _figures(basis, schedule)
        said = charts.deadline_notice(schedule)
        if said is not None:
            parts.notice("info", *said)
    _ways_on(run, config, assignments, is_kpod=base is run.config)
    with parts.guarded():
        _player(run, basis, schedule)


def _figures(basis: Basis, schedule: Schedule) -> None:
    own, new = supervised_shares(basis.own, basis.table), supervised_shares(schedule.input_steps, basis.table)
    gap = schedule_gap(schedule.input_steps, basis.own)
    parts.figures(charts.outcome(schedule, gap))
    total = float(basis.table.difficulties.sum()) or 1.0
    first, second = st.columns(2, gap="medium")
    with first:
        figure(charts.budgets_figure(schedule.budgets / total, new, basis.budgets / total, own), "what-if-budget")
    with second:
        figure(charts.supervision_figure(new, own), "what-if-supervision")


def _settings(run: Run, base: RunConfig, has_map: bool) -> dict[str, Any]:
    """The settings that are not the run's own, by path."""
    changes: dict[str, Any] = {}
    for knob in knobs(base, has_map):
        value = _slider(run, knob)
        if not np.isclose(value, knob.own):
            changes[knob.path] = value
    selectors = list(SELECTORS)
    own = base.curriculum
    selector = _choice(run, "selector", "Selection", selectors, own.selector)
    deadline = _choice(run, "deadline", "All whole at T", ["true", "false"], str(own.deadline).lower()) == "true"
    changes |= {"curriculum.selector": selector} if selector != own.selector else {}
    changes |= {"curriculum.deadline": deadline} if deadline != own.deadline else {}
    names = [*(knob.name for knob in knobs(base, has_map)), "selector", "deadline"]
    st.button(
        "As the run has it",
        icon=":material/undo:",
        key="what-if-reset",
        disabled=not changes,
        on_click=_forget,
        args=(run, names),
    )
    return changes


def knobs(config: RunConfig, has_map: bool = True) -> list[Knob]:
    """The sliders for a configuration: T only where there is a choice, K only where there is a map to cluster."""
    settings, epochs = config.curriculum, config.distillation.epochs
    found = [
        Knob("C0", "curriculum.initial_fraction", "Start C₀ / B", 0.0, 1.0, 0.01, "what stage 0 may supervise",
             settings.initial_fraction),
        Knob("p", "curriculum.power", "Power p", 0.0, max(3.0, settings.power), 0.05, "how late the budget grows",
             settings.power),
    ]  # fmt: skip
    if epochs > 1:
        hint = f"stages until every rationale is whole, of {epochs} epochs"
        found.append(Knob("T", "curriculum.num_stages", "Stages T", 1, epochs, 1, hint, config.num_stages))
    hint = "input steps that a question may drop a stage"
    found.append(
        Knob("ds", "curriculum.delta_s", "Steps a stage Δs", 1, max(6, settings.delta_s), 1, hint, settings.delta_s)
    )
    if settings.relative_beta is not None:
        high = max(5.0, 2 * settings.relative_beta)
        hint = "worth of diversity in units of the stage's budget"
        found.append(
            Knob("rb", "curriculum.relative_beta", "Relative β", 0.0, high, 0.05, hint, settings.relative_beta)
        )
    else:
        high = max(60.0, 2 * settings.beta)
        found.append(Knob("b", "curriculum.beta", "Diversity β", 0.0, high, 0.5, "worth of diversity", settings.beta))
    if has_map:
        hint = "another K than the run's is clustered by place on the map: an estimate of what a run would do"
        own = config.clustering.num_clusters
        found.append(Knob("K", "clustering.num_clusters", "Clusters K", 1, max(20, own), 1, hint, own))
    return found


def _slider(run: Run, knob: Knob) -> float:
    key = _key(run, knob.name)
    whole = isinstance(knob.step, int)
    if key not in st.session_state:
        value = address.read_number(knob.name, knob.own, knob.low, knob.high)
        st.session_state[key] = int(value) if whole else float(value)
    return st.slider(
        knob.label,
        knob.low,
        knob.high,
        step=knob.step,
        format="%d" if whole else "%.2f",
        key=key,
        help=f"{knob.hint}; here {_text(knob.own)}",
        on_change=lambda: _remember(knob.name, key, knob.own),
    )


def _choice(run: Run, name: str, label: str, options: list[str], own: str) -> str:
    key = _key(run, name)
    if key not in st.session_state:
        asked = address.read_choice(name, options, options.index(own))
        st.session_state[key] = options[asked]
    names = {"true": "yes", "false": "no, as the paper's text"}
    return st.segmented_control(
        label, options, required=True, key=key, format_func=lambda option: names.get(option, option),
        on_change=lambda: _remember(name, key, own),
    )  # fmt: skip


def _key(run: Run, name: str) -> str:
    return f"what-if {run.folder} {name}"


def _remember(name: str, key: str, own: Any) -> None:
    value = st.session_state[key]
    address.write(**{name: None if value == own else _text(value)})


def _forget(run: Run, names: list[str]) -> None:
    address.write(**dict.fromkeys(names))
    for name in names:
        st.session_state.pop(_key(run, name), None)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else f"{value:g}" if isinstance(value, int | float) else value


def _progressive(config: RunConfig) -> RunConfig:
    """The configuration, or with the method kpod where its own method has another schedule."""
    return config if methods.get(config.method).curriculum == "kpod" else override(config, ["method=kpod"])


def _clusters(basis: Basis, base: RunConfig, config: RunConfig) -> np.ndarray:
    wanted = config.clustering.num_clusters
    if wanted == base.clustering.num_clusters:
        return basis.clusters
    return clusters_of_map(basis.points, wanted)


def _ways_on(run: Run, config: RunConfig, assignments: list[str], *, is_kpod: bool) -> None:
    if not assignments:
        st.caption("Nothing is changed yet: both schedules are the run's own.")
        return
    settings = " ".join(f"--set {shlex.quote(text)}" for text in [*([] if is_kpod else ["method=kpod"]), *assignments])
    path = shlex.quote(str(run.folder / "config.yaml"))
    st.code(f"python -m kpod run --config {path} {settings}", language="bash", wrap_lines=True)
    if st.button("Run this: open it on the Distill page", icon=":material/experiment:", key="what-if-distill"):
        distill_draft.load(config)
        st.switch_page(state.PAGES / "distill.py", query_params={})


def _player(run: Run, basis: Basis, schedule: Schedule) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", key="what-if-head"):
        play = st.toggle("Play the changed schedule", key="what-if-play", bind="query-params")
        order = ordered_rows("rows") if play else ""
    if not play:
        return
    wide = pd.DataFrame(schedule.input_steps.T, index=basis.ids)
    wide.index.name = "question"
    steps = reads.table(run, "steps", ("question", "step", "difficulty"))
    matrix = ordered_matrix(wide, reads.table(run, "questions", QUESTIONS), steps, order, keep=state.chosen_question())
    payload = player_payload(matrix, schedule.stages_table(), state.chosen_question())
    last = len(matrix.stages) - 1
    stage_player(
        payload,
        identity=f"{hash(schedule.input_steps.tobytes())} {order}",
        name=f"{run.id}-what-if",
        stage=last,
        key="what-if-matrix",
    )


@st.cache_resource(max_entries=4, show_spinner=False)
def _basis(folder: str, stamps: object, _run: Run) -> Basis:
    table, clusters = schedule_inputs(_run)
    questions = reads.table(_run, "questions")
    trained = questions[questions["trained"]]
    points = trained[["x", "y"]].to_numpy(dtype=float) if {"x", "y"} <= set(questions) else None
    if points is not None and not np.isfinite(points).all():
        points = None
    stages = reads.table(_run, "stages").sort_values("stage")
    schedule = reads.table(_run, "schedule", ("stage", "question", "input_steps")).sort_values("stage", kind="stable")
    own = schedule["input_steps"].to_numpy().reshape(len(stages), -1)
    return Basis(
        table, clusters, whole_rationales(_run), points, trained["question"].tolist(), own, stages["budget"].to_numpy()
    )
