"""How long a run at work still takes, over all of its stages: the estimate from before, by what was measured since."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kpod.config import RunConfig
from kpod.hardware import device_name
from kpod.preflight.estimate import EFFICIENCY, StageTime, times_of
from kpod.preflight.rates import figures_of_run
from kpod.preflight.student import check_student
from kpod.run_store import Run

FACTOR = (0.2, 5.0)  # a run is never taken for faster or slower than so many times the estimate
DONE_SPREAD = 1.3  # where the run's own stages have shown how fast it is, the rest is known within this factor


@dataclass(frozen=True)
class TimeLeft:
    """Seconds until a run ends, with the ends of their range; `measured`: whether its own stages corrected them."""

    seconds: float
    low: float
    high: float
    measured: bool


def seconds_left(
    estimated: Sequence[StageTime],
    done: Mapping[str, float],
    stage: str | None = None,
    stage_seconds_left: float | None = None,
    stage_seconds: float | None = None,
) -> TimeLeft:
    """The time left of all stages that are not `done` (with the seconds that they took).

    stage: the one at work, which its own rate says will take `stage_seconds` in all and `stage_seconds_left` more.
    Stages yet to come are the estimate times the ratio of measured to estimated time over the student's own stages.
    """
    took = dict(done)
    if stage is not None and stage_seconds is not None:
        took[stage] = stage_seconds
    known = [(took[each.stage], each.seconds) for each in estimated if each.stage in took and each.stage in EFFICIENCY]
    measured, expected = sum(seconds for seconds, _ in known), sum(seconds for _, seconds in known)
    factor = min(max(measured / expected, FACTOR[0]), FACTOR[1]) if expected > 0 and measured > 0 else 1.0
    is_measured = bool(known)
    total = low = high = 0.0
    for each in estimated:
        if each.stage in done:
            continue
        likely, lowest, highest = each.seconds, each.low, each.high
        if each.stage == stage and stage_seconds_left is not None:
            likely = lowest = highest = stage_seconds_left
        elif is_measured and each.stage in EFFICIENCY:
            likely = factor * each.seconds
            lowest, highest = likely / DONE_SPREAD, likely * DONE_SPREAD
        total, low, high = total + likely, low + lowest, high + highest
    return TimeLeft(total, low, high, is_measured)


def stage_times(config: RunConfig, run: Run, others: Sequence[Run]) -> tuple[StageTime, ...] | None:
    """The estimate by stage of a run that is at work, from its own counts; None before it has counted its data."""
    figures = figures_of_run(run)
    if figures is None or not figures.evaluation_questions:
        return None
    student, _ = check_student(config.student)
    if student is None:
        return None
    return times_of(config, figures, student, device_name(config.student.device), others)[0]
