"""A dry run of the schedule: from difficulties and clusters alone, for the command line and the app's sliders."""

from __future__ import annotations

from dataclasses import dataclass

from kpod.curriculum.builder import build_schedule
from kpod.curriculum.schedule import Schedule

HEADINGS = ("stage", "D", "H", "slack", "picked", "forced", "gain", "diversity", "beta", "g/bound", "overrun", "whole")


@dataclass(frozen=True)
class ScheduleReport:
    """A schedule and the same as text for a terminal."""

    schedule: Schedule
    text: str


def schedule_report(step_difficulties, clusters, **settings) -> ScheduleReport:
    """Build a schedule and describe it; arguments and errors are those of `build_schedule`."""
    schedule = build_schedule(step_difficulties, clusters, **settings)
    return ScheduleReport(schedule, describe_schedule(schedule))


def describe_schedule(schedule: Schedule) -> str:
    """A table of one line a stage, then how the fill, the picks and the deadline went, then the warnings.

    D, H, slack and overrun are shares of all difficulty B; gain and diversity are the two terms of g in nats;
    `whole` is the share of questions whose whole rationale is supervised.
    """
    lines = [_line(HEADINGS)]
    total = schedule.total or 1.0
    for stage in range(schedule.num_stages + 1):
        cells = (
            str(stage),
            f"{schedule.budgets[stage] / total:.1%}",
            f"{schedule.supervised[stage] / total:.1%}",
            f"{schedule.slacks[stage] / total:.3%}",
            str(int(schedule.picked[stage].sum())),
            str(int(schedule.forced[stage].sum())),
            f"{schedule.gain_terms[stage]:.1f}",
            f"{schedule.diversity_terms[stage]:.1f}",
            f"{schedule.betas[stage]:.3g}",
            f"{schedule.certificates[stage]:.4f}",
            f"{schedule.overruns[stage] / total:.2%}" if schedule.overruns[stage] > 0 else "-",
            f"{(schedule.input_steps[stage] == 0).mean():.1%}",
        )
        lines.append(_line(cells))
    lines.append("")
    lines.append(
        f"{schedule.num_questions} questions, B = {schedule.total:.2f} nats; stage 0 took {schedule.fill_rounds} "
        f"round{'' if schedule.fill_rounds == 1 else 's'}"
    )
    picks = schedule.picks_by_cluster.sum(axis=0)
    lines.append("picks by cluster: " + ", ".join(f"{label}: {count}" for label, count in enumerate(picks.tolist())))
    lines.extend(f"warning: {warning}" for warning in schedule.warnings)
    return "\n".join(lines)


def _line(cells: tuple[str, ...]) -> str:
    widths = [max(len(heading), 9) for heading in HEADINGS]
    return " ".join(cell.rjust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()
