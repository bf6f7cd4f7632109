"""Occurrences in order, as a payload and as a table; worked by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from kpod.charts import concordance

FOUND = pd.DataFrame(
    {
        "question_index": [0, 0, 1],
        "start": [3, 9, 0],
        "end": [7, 13, 4],
        "weight": [0.2, 0.9, 0.5],
        "tokens": [1, 2, 1],
        "step": [0, 1, -1],
        "token_row": [1, 2, 4],
        "nll": [3.0, 1.0, 2.0],
        "left": ["So ", "the old ", "a "],
        "text": ["pens", "pens", "Pens"],
        "right": [" of", ".", " and"],
    }
)


@pytest.mark.parametrize(
    ("order", "rows"),
    [
        ("highest weight", [1, 2, 0]),
        ("lowest weight", [0, 2, 1]),
        ("highest loss", [0, 2, 1]),
        ("what follows", [1, 2, 0]),
        ("what stands before", [2, 1, 0]),
        ("corpus", [0, 1, 2]),
    ],
)
def test_every_order(order, rows):
    assert concordance.ordered(FOUND, order).index.tolist() == rows


def test_an_order_by_losses_that_are_not_there_is_that_of_the_corpus():
    assert concordance.ordered(FOUND.drop(columns="nll"), "highest loss").index.tolist() == [0, 1, 2]


def test_the_payload_names_question_and_place(monkeypatch):
    monkeypatch.setattr(concordance, "MAX_SHOWN", 2)
    payload = concordance.concordance_payload(FOUND, ["q1", "q2"], [0, 1, 2, 3, 0])
    assert payload["question"] == ["q1", "q1"] and payload["token"] == [1, 2]
    assert payload["step"] == [1, 2] and payload["total"] == 3
    assert concordance.concordance_payload(FOUND.drop(columns="nll"), ["q1", "q2"], [0] * 5)["nll"] is None


def test_the_table_has_every_row():
    table = concordance.concordance_table(FOUND, ["q1", "q2"])
    assert table["question"].tolist() == ["q1", "q1", "q2"] and table["step"].tolist() == [1, 2, 1]
    assert list(table)[-1] == "nll"
