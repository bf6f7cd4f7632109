"""The payload of the token view, worked by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from kpod.charts.keypoints import (
    nearest_steps,
    scales,
    step_marks,
    token_payload,
    token_texts,
    weight_ranges,
    weights_by_epoch,
)


def tokens_of(starts: list[int], ends: list[int], **columns: object) -> pd.DataFrame:
    frame = {"position": range(len(starts)), "character_start": starts, "character_end": ends, "step": 0}
    return pd.DataFrame(frame | columns)


STEPS = pd.DataFrame({"step": [0, 1], "difficulty": [0.5, 2.0]})


def test_texts_and_what_lies_between_join_to_the_rationale():
    rationale = "So 3 + 4."
    tokens = tokens_of([0, 2, 5, 7, 8], [2, 4, 6, 8, 9])
    leads, texts = token_texts(rationale, tokens["character_start"].to_numpy(), tokens["character_end"].to_numpy())
    assert texts == ["So", " 3", "+", "4", "."]
    assert leads == ["", "", " ", " ", ""]
    assert "".join(a + b for a, b in zip(leads, texts, strict=True)) == rationale


def test_tokens_that_share_a_character_show_it_once():
    leads, texts = token_texts("é!", np.array([0, 0, 1]), np.array([1, 1, 2]))
    assert (leads, texts) == (["", "", ""], ["é", "", "!"])


def history_of(rows: dict[int, list[float]]) -> pd.DataFrame:
    return pd.DataFrame(
        [{"epoch": e, "position": j, "weight": w} for e, row in rows.items() for j, w in enumerate(row)]
    )


def test_the_last_epoch_is_the_final_weights_where_they_agree():
    tokens = tokens_of([0, 1], [1, 2], weight=[0.9, 0.1])
    labels, rows = weights_by_epoch(tokens, history_of({1: [0.5, 0.5], 2: [0.9, 0.1]}))
    assert labels == ["1", "2"]
    assert [row.tolist() for row in rows] == [[0.5, 0.5], [0.9, 0.1]]


def test_final_weights_that_differ_get_a_row_of_their_own():
    tokens = tokens_of([0, 1], [1, 2], weight=[0.8, 0.2])
    labels, rows = weights_by_epoch(tokens, history_of({1: [0.9, 0.1]}))
    assert labels == ["1", "final"]
    assert rows[-1].tolist() == [0.8, 0.2]


def test_without_a_history_there_is_the_final_row_alone():
    assert weights_by_epoch(tokens_of([0], [1], weight=[0.3]), None)[0] == ["final"]


def test_an_epoch_that_lacks_tokens_is_left_out():
    tokens = tokens_of([0, 1], [1, 2], weight=[0.8, 0.2])
    assert weights_by_epoch(tokens, history_of({1: [0.9], 2: [0.8, 0.2]}))[0] == ["2"]


def test_step_marks_are_shares_of_the_hardest_step():
    assert step_marks(STEPS) == [
        {"step": 0, "difficulty": 0.5, "share": 0.25},
        {"step": 1, "difficulty": 2.0, "share": 1.0},
    ]
    assert step_marks(STEPS[["step"]])[0] == {"step": 0, "difficulty": None, "share": 0.0}
    assert step_marks(STEPS.assign(difficulty=0.0))[0]["share"] == 0.0


def test_the_payload_of_a_run_fits_together(made_run):
    tables = {name: made_run.table(name, question="q003") for name in ("tokens", "steps", "weight_history")}
    rationale = made_run.questions.set_index("question").loc["q003", "rationale"]
    payload = token_payload(rationale, tables["tokens"], tables["steps"], tables["weight_history"])
    count = len(tables["tokens"])
    assert (
        "".join(a + b for a, b in zip(payload["leads"], payload["texts"], strict=True)) + payload["tail"] == rationale
    )
    lists = ("texts", "leads", "classes", "token_steps", "nll", "first", "counts", "operators")
    assert {len(payload[key]) for key in lists} == {count}
    assert len(payload["weights"]) == len(payload["epochs"]) and {len(row) for row in payload["weights"]} == {count}
    assert payload["weights"][-1] == pytest.approx(tables["tokens"]["weight"].tolist(), abs=1e-4)


def test_tokens_outside_of_any_step_go_to_the_step_before():
    payload = token_payload("a b c", tokens_of([0, 2, 4], [1, 3, 5], weight=0.5, step=[0, -1, 1]), STEPS, None)
    assert payload["token_steps"] == [0, 0, 1]
    assert payload["nll"] is None


def test_steps_never_go_back_to_what_is_outside():
    assert nearest_steps(np.array([-1, 0, -1, 1])).tolist() == [0, 0, 0, 1]
    assert nearest_steps(np.zeros(0, dtype=int)).tolist() == []


# "So 12 + 3." in tokens So| |1|2| +| 3|.
WORDS = tokens_of(
    [0, 2, 3, 4, 5, 7, 9],
    [2, 3, 4, 5, 7, 9, 10],
    weight=[0.1, 0.3, 0.6, 0.9, 0.7, 0.8, 0.0],
    nll=[1.0, 0.5, 2.0, 3.0, 1.0, 1.0, 0.0],
    role=["other", "other", "number", "number", "operator", "result", "other"],
)


def test_words_join_texts_weights_losses_and_roles():
    history = history_of({1: [1.0] * 7})
    payload = token_payload("So 12 + 3.", WORDS, STEPS, history, "word", "mean")
    assert payload["texts"] == ["So", " 12", " +", " 3", "."]
    assert payload["first"] == [0, 1, 4, 5, 6] and payload["counts"] == [1, 3, 1, 1, 1]
    assert payload["weights"] == [[1.0] * 5, [0.1, 0.6, 0.7, 0.8, 0.0]]
    assert payload["nll"] == [1.0, 5.5, 1.0, 1.0, 0.0]  # losses of a word's tokens add up
    assert payload["classes"] == ["word", "digit", "operator", "digit", "punctuation"]
    assert payload["numbers"] == [[1], [3]] and payload["operators"] == [0, 0, 1, 0, 0]
    assert payload["roles"] == ["other", "number", "operator", "result", "other"]


def test_a_number_lies_in_the_units_of_its_digits():
    tokens = tokens_of([0, 1, 2, 4, 6, 7, 10, 12], [1, 2, 4, 6, 7, 10, 12, 14], weight=0.5)
    payload = token_payload("1,23 1,000.5 4 é", tokens, STEPS, None)
    # 1|,|23| 1|,|000|.5| 4: the second comma holds no digit of 1,000.5, and 1,23 is two numbers
    assert payload["numbers"] == [[0], [2], [3, 5, 6], [7]]
    assert token_payload("1,23 1,000.5 4 é", tokens, STEPS, None, "step")["numbers"] == [[0]] * 4
    untouched = token_payload("a 7", tokens_of([0], [1], weight=0.5), STEPS, None)
    assert untouched["numbers"] == []


@pytest.mark.parametrize(("how", "expected"), [("mean", 3.4 / 7), ("max", 0.9), ("sum", 3.4)])
def test_a_step_is_one_unit_with_the_aggregate_asked_for(how, expected):
    payload = token_payload("So 12 + 3.", WORDS, STEPS, None, "step", how)
    assert payload["texts"] == ["So 12 + 3."]
    assert payload["weights"] == [[pytest.approx(expected, abs=1e-4)]]
    assert payload["roles"] == ["number, operator, result"]


def test_the_text_between_tokens_stays_inside_a_unit():
    payload = token_payload("a  b", tokens_of([0, 3], [1, 4], weight=0.5), STEPS, None, "step")
    assert payload["texts"] == ["a  b"] and payload["leads"] == [""]


def test_ranges_of_the_colours():
    weights = [np.array([0.2, 0.4]), np.array([0.3, 0.9])]
    assert weight_ranges(weights) == {"fixed": [0.0, 1.0], "own": [0.2, 0.9]}
    assert weight_ranges([np.array([0.5, 3.0])], "sum")["fixed"] == [0.0, 3.0]
    low, high = weight_ranges([np.array([0.4, 0.4])])["own"]
    assert low < high  # all alike: still a scale


def test_every_colour_has_its_ink():
    for mode in scales().values():
        assert len(mode["fill"]) == len(mode["ink"])
        assert len(mode["signed"]) == len(mode["signed_ink"])
