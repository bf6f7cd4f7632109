"""Two tokenisations of one text side by side, worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from kpod.token_analysis import agreement, aligned_pieces, same_tokens, visible_spans


def arrays(*spans: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([a for a, _ in spans], dtype=int), np.array([b for _, b in spans], dtype=int)


def rows(pieces) -> list[tuple[int, int, int, int]]:
    columns = (pieces.starts, pieces.ends, pieces.first, pieces.second)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def test_one_tokeniser_gives_its_tokens():
    a = arrays((0, 3), (4, 5), (5, 7))
    assert rows(aligned_pieces(*a, *a)) == [(0, 3, 0, 0), (4, 5, 1, 1), (5, 7, 2, 2)]


def test_every_boundary_of_either_cuts():
    # "tulips": tul|ips against tu|lips
    assert rows(aligned_pieces(*arrays((0, 3), (3, 6)), *arrays((0, 2), (2, 6)))) == [
        (0, 2, 0, 0),
        (2, 3, 0, 1),
        (3, 6, 1, 1),
    ]


def test_what_one_side_lacks_is_left_out():
    assert rows(aligned_pieces(*arrays((0, 1), (1, 2)), *arrays((0, 1)))) == [(0, 1, 0, 0)]
    assert rows(aligned_pieces(*arrays(), *arrays())) == []


def test_of_tokens_that_share_a_character_the_first_has_it():
    assert rows(aligned_pieces(*arrays((0, 1), (0, 1), (1, 2)), *arrays((0, 1), (1, 2)))) == [
        (0, 1, 0, 0),
        (1, 2, 2, 1),
    ]


def test_a_space_before_or_behind_makes_no_piece():
    text = "So 3"
    before = visible_spans(text, *arrays((0, 2), (2, 4)))  # So| 3
    behind = visible_spans(text, *arrays((0, 3), (3, 4)))  # So |3
    assert rows(aligned_pieces(*before, *behind)) == [(0, 2, 0, 0), (3, 4, 1, 1)]
    assert visible_spans(" \n", *arrays((0, 1), (1, 2)))[0].tolist() == [0, 1]


def test_agreement_by_hand():
    found = agreement(np.array([0.9, 0.1, 0.6, 0.2]), np.array([0.8, 0.2, 0.3, 0.1]))
    assert found.count == 4
    assert found.mean_gap == pytest.approx((0.1 + 0.1 + 0.3 + 0.1) / 4)
    assert found.mean_shift == pytest.approx((0.1 - 0.1 + 0.3 + 0.1) / 4)
    assert found.same_side == 0.75
    assert found.overlap == 0.5  # the first in both, the third in A alone
    # Ranks 3 0 2 1 and 3 1 2 0: 1 - 6 * (1 + 1) / (4 * 15)
    assert found.correlation == pytest.approx(0.8)


def test_agreement_of_constant_weights_has_no_correlation():
    found = agreement(np.zeros(3), np.zeros(3))
    assert np.isnan(found.correlation) and np.isnan(found.overlap) and found.same_side == 1.0


def test_the_same_spans_of_two_corpora():
    first = (np.array([0, 0, 1, -1]), *arrays((0, 2), (2, 5), (0, 2), (0, 9)))
    second = (np.array([1, 0, 0, -1]), *arrays((0, 2), (2, 4), (0, 2), (0, 9)))
    rows_a, rows_b = same_tokens(*first, *second)
    assert list(zip(rows_a.tolist(), rows_b.tolist(), strict=True)) == [(0, 2), (2, 0)]
