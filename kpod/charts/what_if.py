"""A schedule that other settings would give beside the run's own: figures and what it comes to."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from kpod.charts.colour import ACCENT, ACCENT_SECOND, MISSING
from kpod.charts.figure import new_figure
from kpod.curriculum import Schedule
from kpod.curriculum.comparison import ScheduleGap, SupervisedShares


def budgets_figure(
    budgets: np.ndarray, shares: SupervisedShares, own_budgets: np.ndarray, own: SupervisedShares
) -> go.Figure:
    """D(t) and H(t) as shares of B, (stages,) each, of the changed schedule over those of the run's own."""
    figure = new_figure(300, "stage t", "share of the whole difficulty B")
    _line(figure, own.difficulty, "H, run", MISSING, "solid", "circle-open", 1.5)
    _line(figure, own_budgets, "D, run", MISSING, "dot", "diamond-open", 1.5)
    _line(figure, shares.difficulty, "H, changed", ACCENT, "solid", "circle", 2.5)
    _line(figure, budgets, "D, changed", ACCENT_SECOND, "dash", "diamond-open", 2.5)
    return _shares(figure, max(len(budgets), len(own_budgets)))


def supervision_figure(shares: SupervisedShares, own: SupervisedShares) -> go.Figure:
    """How many steps are supervised, and how many rationales wholly, by stage, under both schedules."""
    figure = new_figure(300, "stage t", "share of steps, of whole rationales")
    _line(figure, own.steps, "steps, run", MISSING, "solid", "circle-open", 1.5)
    _line(figure, own.whole, "whole, run", MISSING, "dot", "square-open", 1.5)
    _line(figure, shares.steps, "steps, changed", ACCENT, "solid", "circle", 2.5)
    _line(figure, shares.whole, "whole, changed", ACCENT_SECOND, "dash", "square", 2.5)
    return _shares(figure, max(len(shares.steps), len(own.steps)))


def outcome(schedule: Schedule, gap: ScheduleGap) -> list[tuple[str, str, str]]:
    """What a changed schedule comes to, as (value, name, explanation) each."""
    total = schedule.total or 1.0
    return [
        (f"{gap.same:.0%}", "as the run has it", "questions and stages with the same number of input steps"),
        (f"{gap.earlier:.0%}", "earlier", "questions and stages where fewer steps are input than in the run"),
        (f"{gap.later:.0%}", "later", "questions and stages where more steps are input than in the run"),
        (f"{gap.mean_steps:.2f}", "steps apart", "mean difference of the numbers of input steps"),
        (
            f"{schedule.slacks[:-1].max(initial=0) / total:.2%}",
            "largest slack / B",
            "the most that a stage leaves unused",
        ),
        (f"{schedule.overruns.max() / total:.2%}", "largest overrun / B", "the most by which the deadline passes D(t)"),
        (f"{schedule.certificates.min():.3f}", "worst g / bound", "no selection could be better by more than the rest"),
        (
            f"{(schedule.input_steps[-1] == 0).mean():.0%}",
            "whole at T",
            "questions with no step given as input any more",
        ),
    ]


def deadline_notice(schedule: Schedule) -> tuple[str, str] | None:
    """What the deadline, or its absence, does to a schedule, as a title and a text; None where nothing is to be said.

    Shares are of the whole difficulty B, as in `outcome`, and settings have the names of the form's.
    """
    total, last = schedule.total or 1.0, schedule.num_stages
    if schedule.overruns.any():
        late, worst = np.flatnonzero(schedule.overruns), int(schedule.overruns.argmax())
        text = (
            f"Every rationale is to be whole at stage T = {last}. For that, {_listed(late)} must go beyond the budget "
            f"D(t): by {schedule.overruns[worst] / total:.2%} of the whole difficulty B at stage {worst}"
            f"{', and less at the others' if len(late) > 1 else ''}."
        )
        if schedule.feasible_delta_s is not None:
            text += f" The least “Steps a stage Δs” that stays within the budget is {schedule.feasible_delta_s}."
        return "The deadline passes the budget", text
    if schedule.num_unfinished:
        text = (
            f"At stage T = {last}, {schedule.num_unfinished:,} of {schedule.num_questions:,} questions still have "
            "steps given as input. The next stage supervises them all at once: "
            f"{schedule.jump / total:.2%} of the whole difficulty B. “All whole at T” avoids that."
        )
        return "Not every rationale is whole at T", text
    return None


def _listed(stages: np.ndarray) -> str:
    """Stages in words: "stage 1", "stages 0, 1 and 2", "9 stages"."""
    names = [str(stage) for stage in stages]
    if len(names) > 6:
        return f"{len(names)} stages"
    return f"stage {names[0]}" if len(names) == 1 else f"stages {', '.join(names[:-1])} and {names[-1]}"


def _line(figure: go.Figure, values: np.ndarray, name: str, colour: str, dash: str, symbol: str, width: float) -> None:
    figure.add_scatter(
        x=np.arange(len(values)),
        y=values,
        name=name,
        mode="lines+markers",
        line={"color": colour, "dash": dash, "width": width},
        marker={"symbol": symbol, "size": 8},
        hovertemplate=f"{name}, stage %{{x}}: %{{y:.1%}}<extra></extra>",
    )


def _shares(figure: go.Figure, stages: int) -> go.Figure:
    figure.update_yaxes(tickformat=".0%", range=[-0.02, 1.04])
    figure.update_xaxes(dtick=max(1, round(stages / 12)))
    return figure
