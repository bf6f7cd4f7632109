"""Supervised steps by stage: small integers that agree with the schedule's table."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kpod.charts.question_stages import first_whole, positions, supervised_steps
from kpod.charts.step_matrix import first_full_stage


def of_run(run):
    questions = run.questions["question"]
    lengths = run.steps.groupby("question").size().reindex(questions).to_numpy(dtype=float)
    return supervised_steps(questions, lengths, run.schedule)


def test_counts_agree_with_the_schedule(made_run):
    found = of_run(made_run)
    row = made_run.questions.index[made_run.questions["question"] == "q011"][0]
    steps = (made_run.steps["question"] == "q011").sum()
    inputs = made_run.schedule[made_run.schedule["question"] == "q011"].sort_values("stage")["input_steps"]
    assert found.lengths[row] == steps
    assert found.counts[:, row].tolist() == (steps - inputs).tolist()
    assert found.stages == sorted(made_run.schedule["stage"].unique())


def test_what_is_not_in_the_schedule_has_no_steps(made_run):
    found = of_run(made_run)
    evaluated = ~made_run.questions["trained"].to_numpy()
    assert (found.lengths[evaluated] == 0).all() and (found.counts[:, evaluated] == 0).all()
    assert np.isnan(first_whole(found)[evaluated]).all()


def test_the_first_whole_stage_is_that_of_the_matrix(made_run):
    trained = made_run.questions["trained"].to_numpy()
    expected = first_full_stage(made_run.schedule).reindex(made_run.questions["question"][trained])
    assert np.array_equal(first_whole(of_run(made_run))[trained], expected.to_numpy(), equal_nan=True)


def test_any_order_of_rows_and_more_steps_than_a_byte_holds():
    schedule = pd.DataFrame({"stage": [1, 0, 1, 0], "question": ["a", "b", "b", "a"], "input_steps": [0, 3, 1, 290]})
    found = supervised_steps(pd.Series(["b", "a", "c"]), np.array([3.0, 300.0, np.nan]), schedule)
    assert found.lengths.tolist() == [3, 255, 0]
    assert found.counts.tolist() == [[0, 10, 0], [2, 255, 0]]
    assert first_whole(found).tolist()[1] == 1.0


def test_positions_of_what_is_and_is_not_there():
    assert positions(pd.Series(["b", "x", None, "a"]), pd.Series(["a", "b"])).tolist() == [1, -1, -1, 0]
