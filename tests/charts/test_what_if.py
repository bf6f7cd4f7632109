"""A changed schedule beside the run's own."""

from __future__ import annotations

import numpy as np

from kpod.charts import what_if
from kpod.curriculum import StepTable, build_schedule
from kpod.curriculum.comparison import schedule_gap, supervised_shares

TABLE = StepTable.of([[1.0, 2.0, 3.0], [4.0], [1.0, 1.0]])
OWN = build_schedule(TABLE, [0, 0, 1], num_stages=3)
CHANGED = build_schedule(TABLE, [0, 0, 1], num_stages=2, initial_fraction=0.6)
SHARES = {name: supervised_shares(one.input_steps, TABLE) for name, one in (("own", OWN), ("changed", CHANGED))}


def test_both_schedules_are_drawn_on_one_scale():
    figure = what_if.budgets_figure(
        CHANGED.budgets / CHANGED.total, SHARES["changed"], OWN.budgets / OWN.total, SHARES["own"]
    )
    lines = {trace.name: np.array(trace.y) for trace in figure.data}
    assert list(lines) == ["H, run", "D, run", "H, changed", "D, changed"]
    assert np.allclose(lines["H, changed"], CHANGED.supervised / CHANGED.total)
    assert np.allclose(lines["H, run"], OWN.supervised / OWN.total)
    assert lines["D, changed"][0] == 0.6 and lines["D, run"][0] == 0.3
    assert len({(trace.line.dash, trace.marker.symbol, trace.line.color) for trace in figure.data}) == 4


def test_steps_and_whole_rationales_by_stage():
    figure = what_if.supervision_figure(SHARES["changed"], SHARES["own"])
    lines = {trace.name: list(trace.y) for trace in figure.data}
    assert lines["steps, run"][-1] == lines["whole, changed"][-1] == 1.0
    assert len(lines["steps, run"]) == 4 and len(lines["steps, changed"]) == 3


def test_an_overrun_is_told_as_the_share_that_the_figures_show():
    late = build_schedule([[1.0, 2.0], [4.0, 1.0], [2.0]], [0, 0, 1], num_stages=2, power=1.0)  # 5 of 10, D(1) = 4.75
    title, text = what_if.deadline_notice(late)
    shown = {name: value for value, name, _ in what_if.outcome(late, schedule_gap(late.input_steps, late.input_steps))}
    assert title == "The deadline passes the budget"
    assert shown["largest overrun / B"] == "2.50%" and "2.50% of the whole difficulty B at stage 1" in text
    assert "The least “Steps a stage Δs” that stays within the budget is 2." in text


def test_without_a_deadline_it_says_what_is_left():
    left = build_schedule([[5.0, 5.0, 5.0, 1.0], [1.0]], [0, 0], num_stages=1, deadline=False)
    title, text = what_if.deadline_notice(left)
    assert title == "Not every rationale is whole at T" and "1 of 2 questions" in text
    assert f"{left.jump / left.total:.2%} of the whole difficulty B" in text


def test_nothing_is_said_of_a_schedule_within_its_budget():
    assert not OWN.overruns.any() and what_if.deadline_notice(OWN) is None


def test_the_outcome_says_what_the_schedules_have_in_common():
    same = {name: value for value, name, _ in what_if.outcome(OWN, schedule_gap(OWN.input_steps, OWN.input_steps))}
    assert same["as the run has it"] == "100%" and same["earlier"] == same["later"] == "0%"
    assert same["whole at T"] == "100%"
    gap = schedule_gap(CHANGED.input_steps, OWN.input_steps)
    assert {name: value for value, name, _ in what_if.outcome(CHANGED, gap)}["earlier"] == f"{gap.earlier:.0%}"
