"""Rationales in parts: one schedule of the whole, read off part by part."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from kpod.curriculum import StepTable, build_schedule

# Wholes, each a list of parts, each a list of step difficulties.
WHOLES = st.lists(
    st.lists(st.lists(st.floats(0.1, 3.0), min_size=1, max_size=4), min_size=1, max_size=3), min_size=1, max_size=6
)


def test_by_hand():
    table = StepTable.of([[1.0, 1.0], [1.0], [1.0, 1.0], [2.0]])  # the first three are parts of one
    first_rows = np.array([0, 3])
    whole = table.joined(first_rows)
    assert whole.num_steps.tolist() == [5, 1] and whole.question_totals.tolist() == [5.0, 2.0]
    schedule = build_schedule(whole, [0, 0], num_stages=4, initial_fraction=0.3, delta_s=2)
    spread = schedule.over_parts(table, first_rows)
    for stage, given_of_whole in enumerate(schedule.input_steps[:, 0].tolist()):
        expected = {5: [2, 1, 2], 4: [2, 1, 1], 3: [2, 1, 0], 2: [2, 0, 0], 1: [1, 0, 0], 0: [0, 0, 0]}
        assert spread.input_steps[stage, :3].tolist() == expected[given_of_whole]
    assert (spread.input_steps[:, 3] == schedule.input_steps[:, 1]).all()


@settings(max_examples=150, deadline=None)
@given(WHOLES, st.integers(1, 5), st.integers(1, 3))
def test_parts_are_supervised_from_the_last_and_sum_to_the_whole(wholes, num_stages, delta_s):
    table = StepTable.of([part for whole in wholes for part in whole])
    first_rows = np.cumsum([0, *map(len, wholes[:-1])])
    schedule = build_schedule(table.joined(first_rows), [0] * len(wholes), num_stages=num_stages, delta_s=delta_s)
    spread = schedule.over_parts(table, first_rows)
    assert (np.add.reduceat(spread.input_steps, first_rows, axis=1) == schedule.input_steps).all()
    whole_of_row = np.repeat(np.arange(len(wholes)), [len(whole) for whole in wholes])
    for row in np.flatnonzero(whole_of_row[1:] == whole_of_row[:-1]):
        # Something of the earlier part is supervised only where all of the later one is.
        begun = spread.input_steps[:, row] < table.num_steps[row]
        assert (spread.input_steps[begun, row + 1] == 0).all()
    dropped = np.diff(spread.input_steps, axis=0, prepend=table.num_steps[None]) < 0
    assert (dropped == (spread.picked | spread.forced)).all()
    supervised = [table.supervised_difficulty(given).sum() for given in spread.input_steps]
    assert np.allclose(supervised, schedule.supervised)


def test_without_parts_nothing_changes():
    table = StepTable.of([[1.0, 2.0], [0.5], [1.0, 1.0, 1.0]])
    schedule = build_schedule(table, [0, 1, 0], num_stages=3)
    spread = schedule.over_parts(table, np.arange(3))
    for name in ("input_steps", "picked", "forced"):
        assert np.array_equal(getattr(spread, name), getattr(schedule, name)), name
