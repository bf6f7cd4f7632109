"""What if the difficulties are wrong? The schedule rebuilt from other assessments, and how far it moves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from kpod.curriculum.builder import build_schedule
from kpod.curriculum.ranks import mean_spearman_within, spearman
from kpod.curriculum.schedule import Schedule
from kpod.curriculum.steps import StepTable
from kpod.errors import InputError
from kpod.step_difficulty import flat_step_difficulties

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    "assessment",
    "noise",
    "repeat",
    "step_correlation",
    "within_question_correlation",
    "question_correlation",
    "schedule_agreement",
    "mean_step_gap",
    "supervised_overlap",
    "order_correlation",
)


def robustness_report(
    step_difficulties, clusters, *, token_nlls, token_steps, token_offsets,
    noise=(0.1, 0.25, 0.5, 1.0), repeats=3, seed=0, **settings,
) -> pd.DataFrame:  # fmt: skip
    """One row for each other assessment of difficulty, against the schedule of `step_difficulties`.

    Assessments: `noise` (difficulties times a log-normal factor of that standard deviation, mean 1, `repeats`
    times), `shuffled` (the same numbers dealt to other steps: what chance gives), `raw_nll` (the mean NLL of a
    step), `length` (its tokens), `position` (1 for the last step, 2 for the one before, ...). Each is scaled to
    the same total B, since beta is not scale free. The token arrays are those of `flat_step_difficulties`;
    `settings` those of `build_schedule`.

    Columns: `step_correlation` is Spearman's over all steps, `within_question_correlation` its mean within
    questions, `question_correlation` over the questions' totals. Over the stages before the last (at T all
    schedules agree), `schedule_agreement` is the share of questions and stages with the same number of input steps,
    `mean_step_gap` the mean difference of those numbers, `supervised_overlap` the steps supervised under both over
    those under either, 0..1. `order_correlation` is Spearman's of the mean share of given steps by question:
    who is taught early.

    Raises InputError on a negative noise, `repeats` < 1, tokens that are not those of the steps, and as
    `build_schedule` does.
    """
    import pandas as pd

    table = StepTable.of(step_difficulties)
    if repeats < 1 or any(not np.isfinite(size) or size < 0 for size in noise):
        raise InputError(f"noise {noise} and repeats {repeats} arrived; noise must be at least 0, repeats at least 1")
    raw, offsets = flat_step_difficulties(token_nlls, None, token_steps, token_offsets, weighting="raw")
    if not np.array_equal(offsets, table.offsets):
        raise InputError("the tokens have other steps than the difficulties; pass both from the same run")
    questions = np.repeat(np.arange(table.num_questions), np.diff(np.asarray(token_offsets)))
    lengths = np.bincount(np.asarray(token_steps) + table.offsets[questions], minlength=len(raw))
    reference = build_schedule(table, clusters, **settings)
    rows = []
    for assessment, size, repeat, difficulties in _assessments(table, raw, lengths, noise, repeats, seed):
        other = _scaled(difficulties, table)
        schedule = build_schedule(other, clusters, **settings)
        figures = (*_correlations(table, other), *_agreement(table, reference, schedule))
        rows.append(dict(zip(COLUMNS, (assessment, size, repeat, *figures), strict=True)))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _assessments(table: StepTable, raw, lengths, noise, repeats, seed) -> Iterator[tuple[str, float, int, np.ndarray]]:
    """Name, size of noise, repeat and step difficulties."""
    rng = np.random.default_rng(seed)
    for size in noise:
        for repeat in range(repeats):
            factors = np.exp(size * rng.standard_normal(len(raw)) - size**2 / 2)
            yield "noise", float(size), repeat, table.difficulties * factors
    for repeat in range(repeats):
        yield "shuffled", np.nan, repeat, rng.permutation(table.difficulties)
    yield "raw_nll", np.nan, 0, raw
    yield "length", np.nan, 0, lengths.astype(np.float64)
    ends = np.repeat(table.offsets[1:], table.num_steps)
    yield "position", np.nan, 0, (ends - np.arange(len(raw))).astype(np.float64)


def _scaled(difficulties: np.ndarray, table: StepTable) -> StepTable:
    total = difficulties.sum()
    factor = table.difficulties.sum() / total if total > 0 else 1.0
    return StepTable(difficulties * factor, table.offsets)


def _correlations(table: StepTable, other: StepTable) -> tuple[float, float, float]:
    return (
        spearman(table.difficulties, other.difficulties),
        mean_spearman_within(table.difficulties, other.difficulties, table.offsets),
        spearman(table.question_totals, other.question_totals),
    )


def _agreement(table: StepTable, first: Schedule, second: Schedule) -> tuple[float, float, float, float]:
    a, b = (schedule.input_steps[:-1].astype(np.int64) for schedule in (first, second))
    in_both = (table.num_steps - np.maximum(a, b)).sum()
    in_either = (table.num_steps - np.minimum(a, b)).sum()
    return (
        float((a == b).mean()),
        float(np.abs(a - b).mean()),
        float(in_both / in_either) if in_either else 1.0,
        spearman((a / table.num_steps).mean(axis=0), (b / table.num_steps).mean(axis=0)),
    )
