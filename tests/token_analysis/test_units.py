"""Tokens put together to words and steps, worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from kpod.token_analysis import aggregate, units_of


def spans(*pieces: str) -> tuple[str, np.ndarray, np.ndarray]:
    """A text and the spans of its pieces, which follow each other without a gap."""
    ends = np.cumsum([len(piece) for piece in pieces])
    return "".join(pieces), ends - [len(piece) for piece in pieces], ends


def words(*pieces: str, steps: list[int] | None = None) -> list[int]:
    text, starts, ends = spans(*pieces)
    return units_of(text, starts, ends, np.array(steps or [0] * len(pieces)), "word").tolist()


def test_pieces_of_a_word_are_one_unit_and_its_full_stop_another():
    assert words("tul", "ips", ".") == [0, 0, 1]


def test_digits_of_a_number_are_one_unit_with_decimals_and_thousands():
    assert words(" 1", "2", " +", " 3", ".", "5", " =", " 1", ",", "0", "0", "0", ".") == [
        *(0, 0), 1, *(2, 2, 2), 3, *(4, 4, 4, 4, 4), 5,
    ]  # fmt: skip


def test_a_space_belongs_to_the_word_after_it_and_a_line_end_stands_alone():
    assert words("So", " she", "\n", "\n", " left") == [0, 1, 2, 3, 4]
    assert words("takes", " ", "2", "6", " ", " ", "x") == [0, 1, 1, 1, 2, 2, 2]
    assert words("a", " \n", "b") == [0, 1, 2]


def test_apostrophes_and_hyphens_hold_a_word_together():
    assert words("Mina", "'", "s", " twenty", "-", "four") == [0, 0, 0, 1, 1, 1]


def test_a_token_that_reaches_into_the_next_word_takes_it_along():
    # "a b" covers a word and a half: the rest of the second word has no unit of its own.
    assert words("a b", "c", " d") == [0, 0, 1]


def test_tokens_that_share_a_character_are_one_unit():
    text, starts, ends = "é!", np.array([0, 0, 1]), np.array([1, 1, 2])
    assert units_of(text, starts, ends, np.zeros(3), "word").tolist() == [0, 0, 1]


def test_no_word_crosses_a_step():
    assert words("ab", "cd", steps=[0, 1]) == [0, 1]


def test_steps_and_tokens():
    text, starts, ends = spans("a", " b", ".", "c")
    steps = np.array([0, 0, 0, 1])
    assert units_of(text, starts, ends, steps, "step").tolist() == [0, 0, 0, 1]
    assert units_of(text, starts, ends, steps, "token").tolist() == [0, 1, 2, 3]
    assert units_of("", starts[:0], ends[:0], steps[:0], "word").tolist() == []


@pytest.mark.parametrize(("how", "expected"), [("mean", [0.3, 0.9]), ("max", [0.4, 0.9]), ("sum", [0.6, 0.9])])
def test_the_three_aggregates(how, expected):
    weights = np.array([[0.2, 0.4, 0.9], [0.4, 0.2, 0.9]])  # two epochs
    assert aggregate(weights, np.array([0, 0, 1]), how) == pytest.approx(np.array([expected, expected]))


def test_nothing_to_aggregate():
    assert aggregate(np.zeros((3, 0)), np.zeros(0, dtype=int), "mean").shape == (3, 0)
