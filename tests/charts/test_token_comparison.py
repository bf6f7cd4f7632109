"""Two sets of weights side by side, worked by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from kpod.charts.token_comparison import agreement_figure, agreement_figures, comparison_payload, in_units

TEXT = "So 12."


def tokens_of(*spans: tuple[int, int]) -> pd.DataFrame:
    starts, ends = zip(*spans, strict=True)
    return pd.DataFrame({"character_start": starts, "character_end": ends, "step": 0})


A = tokens_of((0, 2), (2, 4), (4, 5), (5, 6))  # So| 1|2|.
B = tokens_of((0, 2), (2, 5), (5, 6))  # So| 12|.
PAYLOAD = comparison_payload(TEXT, A, np.array([0.1, 0.9, 0.7, 0.0]), B, np.array([0.3, 0.8, 0.0]))


def test_pieces_are_what_one_token_of_each_covers():
    pieces = PAYLOAD["pieces"]
    assert pieces["texts"] == ["So", "1", "2", "."]
    assert (pieces["a"], pieces["b"]) == ([0, 1, 2, 3], [0, 1, 1, 2])
    assert pieces["difference"] == pytest.approx([-0.2, 0.1, -0.1, 0.0])


def test_all_three_texts_are_the_rationale():
    for part in (*PAYLOAD["sides"], PAYLOAD["pieces"]):
        assert "".join(a + b for a, b in zip(part["leads"], part["texts"], strict=True)) + part["tail"] == TEXT


def test_agreement_in_words():
    values = {name: value for value, name, _ in agreement_figures(np.array([0.9, 0.1]), np.array([0.6, 0.2]), 0.5)}
    assert values["rank correlation"] == "+1.00"
    assert values["mean |A − B|"] == "0.200"
    assert values["mean A − B"] == "+0.100"
    assert values["same side of 0.50"] == "100%"
    assert values["shared keypoints"] == "100%"
    nothing = {name: value for value, name, _ in agreement_figures(np.zeros(2), np.zeros(2), 0.5)}
    assert nothing["rank correlation"] == nothing["shared keypoints"] == "–"


def test_the_figure_counts_every_token():
    rng = np.random.default_rng(0)
    figure = agreement_figure(rng.random(500), rng.random(500), ("A", "B"), dark=True)
    assert figure.data[0].customdata.sum() == 500


def test_words_and_steps_of_different_tokens_are_the_same_pieces():
    frames = [in_units(TEXT, side, weights, "word", "mean") for side, weights in (
        (A, np.array([0.1, 0.9, 0.7, 0.0])), (B, np.array([0.3, 0.8, 0.0])),
    )]  # fmt: skip
    pieces = comparison_payload(TEXT, *frames[0], *frames[1])["pieces"]
    assert pieces["texts"] == ["So", "12", "."]
    assert pieces["first"] == pytest.approx([0.1, 0.8, 0.0]) and pieces["second"] == pytest.approx([0.3, 0.8, 0.0])
    assert pieces["places"] == [1, 2, 3]
    step, weights = in_units(TEXT, A, np.array([0.1, 0.9, 0.7, 0.0]), "step", "sum")
    assert step[["character_start", "character_end", "step"]].to_numpy().tolist() == [[0, 6, 0]]
    assert weights.tolist() == pytest.approx([1.7])
    assert comparison_payload(TEXT, step, weights, step, weights)["top"] == pytest.approx(1.7)


def test_tokens_are_left_as_they_are_and_places_begin_anew_with_every_step():
    weights = np.array([0.1, 0.9, 0.7, 0.0])
    tokens, same = in_units(TEXT, A.assign(step=[0, 0, 1, 1]), weights, "token", "mean")
    assert same is weights
    payload = comparison_payload(TEXT, tokens, weights, tokens, weights)
    assert payload["pieces"]["places"] == [1, 2, 1, 2] and payload["top"] == 1.0
