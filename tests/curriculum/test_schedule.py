"""Whole schedules: by hand, and their promises on any input."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpod.curriculum import StepTable, build_schedule
from kpod.curriculum.stages import StageRunner
from kpod.errors import InputError
from tests.references.plain_schedule import check_schedule


def some_questions(seed, num_questions=200, mean_steps=5.5, num_clusters=5):
    """Step difficulties and clusters of made questions."""
    rng = np.random.default_rng(seed)
    lengths = 1 + rng.poisson(mean_steps - 1, num_questions)
    return [rng.gamma(2.0, 0.5, length) for length in lengths], rng.integers(0, num_clusters, num_questions)


def test_hand_worked_schedule():
    """Three questions, B = 10, C0 = 3, T = 2, p = 1: D = 3, 4.75, 10."""
    difficulties = [[1.0, 2.0], [4.0, 1.0], [2.0]]
    schedule = build_schedule(difficulties, [0, 0, 1], num_stages=2, power=1.0)
    assert schedule.budgets.tolist() == [3.0, 4.75, 10.0]
    # Stage 0: of last steps of 2, 1 and 2 nats the sets within 3 of two clusters win: 1 + 2 = 3.
    assert schedule.input_steps[0].tolist() == [2, 1, 0]
    # Stage 1: 1.75 left; question 0 gains 2 and question 1 gains 4: neither fits, but question 0 has two
    # steps left for two stages and question 1 one step for one: only question 0 must drop, forced.
    assert schedule.input_steps[1].tolist() == [1, 1, 0]
    assert schedule.forced[1].tolist() == [True, False, False]
    assert schedule.overruns[1] == pytest.approx(0.25)
    assert schedule.input_steps[2].tolist() == [0, 0, 0]
    assert schedule.supervised.tolist() == [3.0, 5.0, 10.0]
    assert schedule.gain_terms[0] == 3.0
    assert schedule.diversity_terms[0] == pytest.approx(24.0)
    assert schedule.forced_gains.tolist() == [0.0, 2.0, 5.0]
    assert len(schedule.warnings) == 1
    # 0.25 of B = 10, the share that the app shows
    assert schedule.warnings == [
        "Finishing every question by stage 2 with delta_s = 1 overruns the difficulty budget at stage 1, at most by "
        "2.50% of all difficulty (stage 1); delta_s = 2 is the smallest that stays within it."
    ]
    assert schedule.feasible_delta_s == 2


def test_stage_0_takes_as_many_rounds_as_c0_needs():
    """One question: from c = n down by one step a round while the sum stays within C0."""
    schedule = build_schedule([[1.0, 1.0, 1.0, 1.0, 1.0, 5.0]], [0], num_stages=6, initial_fraction=0.75)
    assert schedule.fill_rounds == 3
    assert schedule.input_steps[0].tolist() == [3]
    assert schedule.supervised[0] == 7.0
    assert schedule.slacks[0] == pytest.approx(0.5)
    # Both terms are the sums over the rounds, and so are the picks.
    assert (schedule.gain_terms[0], schedule.diversity_terms[0]) == (7.0, 36.0)
    assert schedule.picks_by_cluster[0].tolist() == [3]


def test_deadline_binds_at_stage_0_already():
    """Six steps cannot go in two stages of two: two must be gone before stage 1."""
    schedule = build_schedule([[1.0] * 6, [9.0]], [0, 0], num_stages=2, initial_fraction=0.0, delta_s=2)
    assert schedule.input_steps[:, 0].tolist() == [4, 2, 0]
    assert schedule.forced[0].tolist() == [True, False]
    assert schedule.forced_gains[0] == 2.0
    assert schedule.overruns[0] == 2.0


@pytest.mark.parametrize("method", ["structured", "ftgp"])
@pytest.mark.parametrize("num_stages", [1, 2, 5, 10, 50])
@pytest.mark.parametrize("delta_s", [1, 3])
def test_promises_hold(method, num_stages, delta_s):
    difficulties, clusters = some_questions(num_stages, num_questions=80)
    schedule = build_schedule(difficulties, clusters, num_stages=num_stages, delta_s=delta_s, method=method)
    check_schedule(schedule, difficulties, delta_s)
    literal = build_schedule(
        difficulties, clusters, num_stages=num_stages, delta_s=delta_s, method=method, deadline=False
    )
    check_schedule(literal, difficulties, delta_s, deadline=False)


steps_of_a_question = st.lists(
    st.one_of(st.floats(0, 5), st.sampled_from([0.0, 1.0, 1e-12, 1e6])), min_size=1, max_size=9
)


@settings(max_examples=80, deadline=None)
@given(
    questions=st.lists(st.tuples(steps_of_a_question, st.integers(0, 4)), min_size=1, max_size=25),
    num_stages=st.integers(1, 8),
    initial_fraction=st.floats(0, 1),
    power=st.floats(-0.5, 3),
    beta=st.sampled_from([0.0, 0.5, 12.0]),
    delta_s=st.integers(1, 4),
    method=st.sampled_from(["structured", "ftgp"]),
    deadline=st.booleans(),
    relative=st.booleans(),
)
def test_promises_hold_on_anything(
    questions, num_stages, initial_fraction, power, beta, delta_s, method, deadline, relative
):
    difficulties = [steps for steps, _ in questions]
    schedule = build_schedule(
        difficulties, [cluster for _, cluster in questions], num_stages=num_stages, power=power, beta=beta,
        initial_fraction=initial_fraction, delta_s=delta_s, method=method, deadline=deadline,
        relative_beta=beta if relative else None,
    )  # fmt: skip
    check_schedule(schedule, difficulties, delta_s, deadline)


def test_all_rounding_is_within_the_tolerance_at_the_last_stage():
    """A running sum of awkward numbers would leave one item out at T."""
    difficulties = [[0.1] * (1 + question % 7) for question in range(3000)]
    schedule = build_schedule(difficulties, np.zeros(3000, dtype=int), num_stages=40, deadline=False, delta_s=7)
    assert schedule.num_unfinished == 0


def test_literal_mode_reports_the_jump():
    difficulties, clusters = some_questions(3)
    literal = build_schedule(difficulties, clusters, num_stages=5, deadline=False)
    left = [sum(one[:count]) for one, count in zip(difficulties, literal.input_steps[-1], strict=True)]
    assert literal.num_unfinished == sum(count > 0 for count in literal.input_steps[-1]) > 0
    assert literal.jump == pytest.approx(sum(left))
    assert f"{literal.num_unfinished} of 200 questions are unfinished at stage 5" in literal.warnings[0]
    kept = build_schedule(difficulties, clusters, num_stages=5)
    assert (kept.num_unfinished, kept.jump) == (0, 0.0)


def test_the_named_delta_s_is_the_smallest_that_stays_within_the_budget():
    difficulties, clusters = some_questions(4, mean_steps=12)
    schedule = build_schedule(difficulties, clusters, num_stages=4)
    named = schedule.feasible_delta_s
    for delta_s in range(1, named + 1):
        tried = build_schedule(difficulties, clusters, num_stages=4, delta_s=delta_s)
        assert bool(tried.warnings) == (delta_s < named)
        assert bool(tried.overruns.any()) == (delta_s < named)
        assert tried.feasible_delta_s == (named if delta_s < named else None)


def test_easy_steps_come_first():
    """The second term rewards count, so cheap steps go before dear ones that wait."""
    difficulties, clusters = some_questions(5, num_questions=1000)
    schedule = build_schedule(difficulties, clusters, num_stages=10)
    table = StepTable.of(difficulties)
    for stage in range(1, 9):
        before = schedule.input_steps[stage - 1]
        waiting = np.flatnonzero(before > 0)
        next_steps = table.drop_gains(before[waiting], before[waiting] - 1, waiting)
        mean_picked = schedule.gain_terms[stage] / schedule.picked[stage].sum()
        assert mean_picked < 0.9 * next_steps.mean()


def test_relative_beta_is_logged_and_free_of_scale():
    difficulties, clusters = some_questions(6)
    schedule = build_schedule(difficulties, clusters, num_stages=6, relative_beta=1.0)
    scaled = build_schedule([1000 * one for one in difficulties], clusters, num_stages=6, relative_beta=1.0)
    assert (schedule.input_steps == scaled.input_steps).all()
    assert len(set(schedule.betas[1:-1])) > 1
    # At b = 1 the two terms are of one size (the picks are cheaper, so more, than the expected ones).
    ratios = schedule.diversity_terms[1:5] / schedule.gain_terms[1:5]
    assert ((ratios > 0.8) & (ratios < 3)).all()
    fixed = build_schedule(difficulties, clusters, num_stages=6)
    assert fixed.betas.tolist() == [12.0] * 7


def test_extremes_of_the_initial_fraction():
    difficulties, clusters = some_questions(7)
    everything = build_schedule(difficulties, clusters, num_stages=3, initial_fraction=1.0)
    assert (everything.input_steps == 0).all()
    nothing = build_schedule(difficulties, clusters, num_stages=30, initial_fraction=0.0)
    assert (nothing.input_steps[0] == [len(one) for one in difficulties]).all()
    assert nothing.supervised[0] == 0.0


def test_no_difficulty_at_all_is_supervised_at_once():
    schedule = build_schedule([[0.0, 0.0], [0.0]], [0, 1], num_stages=4)
    assert (schedule.input_steps[1:] == 0).all()
    assert not schedule.warnings


def test_the_flat_form_gives_the_same():
    difficulties, clusters = some_questions(8)
    offsets = np.concatenate([[0], np.cumsum([len(one) for one in difficulties])])
    flat = build_schedule(StepTable(np.concatenate(difficulties), offsets), clusters, num_stages=6)
    assert (flat.input_steps == build_schedule(difficulties, clusters, num_stages=6).input_steps).all()


def test_running_supervised_difficulty_equals_a_fresh_count():
    difficulties, clusters = some_questions(9)
    table = StepTable.of(difficulties)
    schedule = build_schedule(table, clusters, num_stages=6)
    for stage, row in enumerate(schedule.input_steps):
        assert table.supervised_difficulty(row).sum() == pytest.approx(schedule.supervised[stage], rel=1e-12)
    assert schedule.total == pytest.approx(sum(one.sum() for one in difficulties))


def test_equal_steps_gain_exactly_the_same():
    table = StepTable.of([[0.1] * 50, [0.1] * 3])
    gains = table.drop_gains(np.array([37, 2]), np.array([36, 1]), np.array([0, 1]))
    assert gains[0] == gains[1] == 0.1
    assert table.drop_gains(np.array([3, 3]), np.array([0, 1]), np.array([0, 1])).tolist() == [0.1 + 0.1 + 0.1, 0.2]


def test_tables_have_the_columns_of_a_run():
    difficulties, clusters = some_questions(10, num_questions=4)
    schedule = build_schedule(difficulties, clusters, num_stages=3)
    table = schedule.table(["a", "b", "c", "d"])
    assert table.columns.tolist() == ["stage", "question", "input_steps", "picked", "forced"]
    assert len(table) == 16
    row = table[(table["stage"] == 2) & (table["question"] == "c")].iloc[0]
    assert row["input_steps"] == schedule.input_steps[2, 2]
    assert row["picked"] == schedule.picked[2, 2]
    stages = schedule.stages_table()
    assert stages.columns.tolist() == [
        "stage", "budget", "supervised", "slack", "gain_term", "diversity_term", "value", "bound", "certificate",
        "overrun", "picks_by_cluster",
    ]  # fmt: skip
    assert stages["stage"].tolist() == [0, 1, 2, 3]
    assert stages["value"].tolist() == (stages["gain_term"] + stages["diversity_term"]).tolist()
    assert stages["picks_by_cluster"].tolist() == schedule.picks_by_cluster.tolist()
    with pytest.raises(InputError, match="3 question ids arrived for a schedule of 4"):
        schedule.table(["a", "b", "c"])


def test_stage_of_full_supervision():
    difficulties, clusters = some_questions(11)
    literal = build_schedule(difficulties, clusters, num_stages=5, deadline=False)
    first = literal.stage_of_full_supervision()
    assert first.max() == 6
    for question in range(len(difficulties)):
        rows = np.flatnonzero(literal.input_steps[:, question] == 0)
        assert first[question] == (rows[0] if len(rows) else 6)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"step_difficulties": []}, "no questions"),
        ({"step_difficulties": [[1.0], []]}, "question 1 has no step"),
        ({"step_difficulties": [[1.0], [math.nan]]}, "NaN"),
        ({"step_difficulties": [[1.0], [-1.0]]}, "negative"),
        ({"step_difficulties": [[1.0], [[1.0]]]}, "question 1 has difficulties of shape"),
        ({"clusters": [0]}, "one label each"),
        ({"clusters": [0, 10**9]}, "number them from 0"),
        ({"num_stages": 0}, "num_stages is 0"),
        ({"num_stages": 2.5}, "num_stages is 2.5"),
        ({"num_stages": None}, "num_stages is None"),
        ({"initial_fraction": 1.5}, "initial_fraction is 1.5"),
        ({"initial_fraction": -0.1}, "initial_fraction is -0.1"),
        ({"initial_fraction": math.nan}, "initial_fraction is nan"),
        ({"power": -1.0}, "power is -1.0"),
        ({"beta": math.nan}, "beta is nan"),
        ({"relative_beta": -1.0}, "relative_beta is -1.0"),
        ({"delta_s": 0}, "delta_s is 0"),
        ({"method": "best"}, "unknown method 'best'"),
    ],
)
def test_bad_schedule(changes, words):
    arguments = {"step_difficulties": [[1.0], [2.0]], "clusters": [0, 1], "num_stages": 3} | changes
    with pytest.raises(InputError, match=words):
        build_schedule(arguments.pop("step_difficulties"), arguments.pop("clusters"), **arguments)


def test_bad_step_table():
    with pytest.raises(InputError, match="from 0 to 2; they must run from 0 to the number of steps, 3"):
        StepTable(np.ones(3), np.array([0, 2]))


def test_stage_runner_is_not_part_of_the_public_names():
    import kpod.curriculum

    assert StageRunner.__name__ not in kpod.curriculum.__all__
