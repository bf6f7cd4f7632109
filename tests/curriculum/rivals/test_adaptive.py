"""Adaptive CL and self-paced learning by hand."""

from __future__ import annotations

import numpy as np
import pytest

from kpod.curriculum.rivals import curriculum_inputs, make_curriculum
from kpod.errors import InputError


def inputs_of(num_questions, num_stages, **settings):
    return curriculum_inputs([[1.0]] * num_questions, [0] * num_questions, num_stages=num_stages, **settings)


def taking_part(curriculum, losses_by_stage):
    state, rows = curriculum.start(), []
    for losses in losses_by_stage:
        state, plan = curriculum.next_stage(state, np.array(losses))
        rows.append(plan.participation.astype(int).tolist())
    return rows, state


def test_adaptive_by_hand():
    """Shares 1/4, 1/2, 1 of four questions; the scores move half way to the current loss."""
    curriculum = make_curriculum("adaptive", inputs_of(4, 3), alpha=0.5, start_share=0.25)
    rows, state = taking_part(curriculum, [[1, 2, 3, 4], [9, 2, 0, 9], [1, 1, 1, 1]])
    assert rows[0] == [1, 0, 0, 0]
    # Scores 5, 2, 1.5, 6.5: question 0 has become hard and leaves.
    assert rows[1] == [0, 1, 1, 0]
    assert rows[2] == [1, 1, 1, 1]
    assert state.memory.tolist() == [3.0, 1.5, 1.25, 3.75]


def test_adaptive_interval_keeps_the_scores_between_updates():
    curriculum = make_curriculum("adaptive", inputs_of(4, 5), alpha=1.0, interval=2, start_share=0.25)
    losses = [[1, 2, 3, 4], [4, 3, 2, 1], [4, 3, 1, 2], [0, 0, 0, 0]]
    rows, state = taking_part(curriculum, losses[:2])
    assert state.memory.tolist() == [1, 2, 3, 4]
    assert rows[1] == [1, 0, 0, 0]
    rows, state = taking_part(curriculum, losses)
    assert state.memory.tolist() == [4, 3, 1, 2]
    assert rows[2] == [0, 0, 1, 1]


def test_adaptive_starts_with_the_share_of_c0():
    rows, _ = taking_part(make_curriculum("adaptive", inputs_of(10, 4, initial_fraction=0.2)), [np.arange(10.0)])
    assert rows[0] == [1, 1] + [0] * 8


def test_self_paced_by_hand():
    """The median admits half; the threshold doubles; all take part at T."""
    curriculum = make_curriculum("self_paced", inputs_of(5, 4), start_share=0.5, growth=2.0)
    rows, state = taking_part(curriculum, [[1, 2, 3, 8, 20], [1, 7, 3, 6, 20], [1, 13, 3, 6, 12]])
    assert rows[0] == [1, 1, 1, 0, 0]  # threshold 3
    assert rows[1] == [1, 0, 1, 1, 0]  # threshold 6
    assert rows[2] == [1, 0, 1, 1, 1]  # threshold 12
    assert state.memory.tolist() == [12.0]
    rows, _ = taking_part(curriculum, [[1, 2, 3, 8, 20]] * 4)
    assert rows[3] == [1, 1, 1, 1, 1]


def test_self_paced_never_trains_on_nothing():
    """All losses have risen past the threshold: the easiest still takes part."""
    curriculum = make_curriculum("self_paced", inputs_of(3, 5), growth=1.0)
    rows, _ = taking_part(curriculum, [[1, 1, 1], [9, 8, 9]])
    assert rows[1] == [0, 1, 0]


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("adaptive", {"alpha": 1.5}, "alpha is 1.5"),
        ("adaptive", {"interval": 0}, "interval is 0"),
        ("adaptive", {"start_share": -1}, "start_share is -1"),
        ("self_paced", {"start_share": 0}, "start_share is 0"),
        ("self_paced", {"growth": 0.9}, "growth is 0.9"),
    ],
)
def test_bad_options(name, options, words):
    with pytest.raises(InputError, match=words):
        make_curriculum(name, inputs_of(3, 2), **options)
