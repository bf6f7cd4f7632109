"""Eq. 8 by hand, and the flat form against the plain one."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpod.errors import InputError
from kpod.step_difficulty import WEIGHTINGS, flat_step_difficulties, step_difficulties


def test_hand_worked_difficulty():
    """softmax(0, ln 3) = (1/4, 3/4), but w is in 0..1: at temperature 1 / ln 3 the weights 0 and 1 give it."""
    difficulties = step_difficulties([1.0, 3.0, 2.0], [0.0, 1.0, 0.4], [0, 0, 1], temperature=1 / math.log(3))
    assert difficulties == pytest.approx([0.25 * 1 + 0.75 * 3, 2.0])


def test_hand_worked_difficulty_at_temperature_1():
    e = math.e
    assert step_difficulties([1.0, 3.0], [0.0, 1.0], [0, 0]) == pytest.approx([(1 + 3 * e) / (1 + e)])


def test_the_softmax_is_within_a_step():
    """Another step's weights and length do not matter."""
    alone = step_difficulties([1.0, 3.0], [0.2, 0.9], [0, 0])[0]
    beside = step_difficulties([1.0, 3.0, 5.0, 5.0, 5.0], [0.2, 0.9, 1.0, 1.0, 0.0], [0, 0, 1, 1, 1])[0]
    assert alone == beside


def test_raw_is_the_mean_and_equals_equal_weights():
    nlls, steps = [1.0, 3.0, 2.0, 4.0, 6.0], [0, 0, 1, 1, 1]
    raw = step_difficulties(nlls, None, steps, weighting="raw")
    assert raw.tolist() == [2.0, 4.0]
    assert step_difficulties(nlls, [0.3] * 5, steps) == pytest.approx(raw)
    assert step_difficulties(nlls, [0.0, 1.0, 0.1, 0.9, 0.5], steps, temperature=1e9) == pytest.approx(raw)


def test_a_low_temperature_leaves_the_heaviest_token():
    difficulties = step_difficulties([1.0, 3.0, 2.0], [0.1, 0.2, 0.9], [0, 0, 0], temperature=1e-4)
    assert difficulties == pytest.approx([2.0])


def test_tokens_need_not_stand_in_the_order_of_their_steps():
    mixed = step_difficulties([1.0, 5.0, 3.0], [0.0, 0.5, 1.0], [0, 1, 0])
    assert mixed == pytest.approx(step_difficulties([1.0, 3.0, 5.0], [0.0, 1.0, 0.5], [0, 0, 1]))


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), temperature=st.sampled_from([1e-3, 1.0, 50.0]), shuffle=st.booleans())
def test_flat_equals_plain(seed, temperature, shuffle):
    rng = np.random.default_rng(seed)
    rationales = []
    for _ in range(rng.integers(1, 8)):
        num_steps = rng.integers(1, 6)
        steps = np.sort(np.append(np.arange(num_steps), rng.integers(0, num_steps, rng.integers(0, 20))))
        if shuffle:
            steps = rng.permutation(steps)
        rationales.append((rng.gamma(1.0, 1.0, len(steps)), rng.random(len(steps)), steps))
    offsets = np.cumsum([0] + [len(steps) for _, _, steps in rationales])
    nlls, weights, steps = (np.concatenate(column) for column in zip(*rationales, strict=True))
    for weighting in WEIGHTINGS:
        flat, step_offsets = flat_step_difficulties(nlls, weights, steps, offsets, weighting, temperature)
        for i, rationale in enumerate(rationales):
            plain = step_difficulties(*rationale, weighting=weighting, temperature=temperature)
            np.testing.assert_allclose(flat[step_offsets[i] : step_offsets[i + 1]], plain, rtol=1e-12)
    assert step_offsets[-1] == len(flat)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"token_nlls": [1.0]}, "one length"),
        ({"token_steps": [0]}, "one length"),
        ({"token_nlls": [1.0, math.nan]}, "NaN"),
        ({"token_nlls": [1.0, -0.5]}, "negative"),
        ({"token_weights": [0.5, 1.5]}, "outside 0..1"),
        ({"token_weights": [0.5, math.nan]}, "NaN"),
        ({"token_steps": [0, 2]}, "step 1"),
        ({"token_steps": [1, 1]}, "step 0"),
        ({"token_steps": [0, -1]}, "none negative"),
        ({"token_steps": [0.0, 1.0]}, "integers"),
        ({"weighting": "sum"}, "softmax, raw"),
        ({"temperature": 0.0}, "temperature is 0.0"),
        ({"token_nlls": [], "token_weights": [], "token_steps": []}, "no tokens"),
    ],
)
def test_bad_tokens(changes, words):
    arguments = {"token_nlls": [1.0, 2.0], "token_weights": [0.1, 0.2], "token_steps": [0, 1]} | changes
    with pytest.raises(InputError, match=words):
        step_difficulties(**arguments)
    with pytest.raises(InputError, match=words):
        flat_step_difficulties(**arguments, token_offsets=np.array([0, len(arguments["token_nlls"])]))


@pytest.mark.parametrize("offsets", [[0, 1], [0, 3], [1, 2], [0, 0, 2], [2], [0.0, 2.0], [[0, 2]]])
def test_bad_offsets(offsets):
    with pytest.raises(InputError, match="token_offsets must be rising"):
        flat_step_difficulties([1.0, 2.0], [0.1, 0.2], [0, 1], np.array(offsets))


def test_the_flat_form_names_the_rationale_of_an_empty_step():
    with pytest.raises(InputError, match="step 1 of rationale 1 has no token"):
        flat_step_difficulties([1.0] * 4, [0.5] * 4, [0, 1, 0, 2], np.array([0, 2, 4]))
