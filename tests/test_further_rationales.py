"""Further rationales: which rows they are of, which are used, and what is said where a field is missing or wrong."""

from __future__ import annotations

import pytest

from kpod.errors import InputError
from kpod.further_rationales import find_further
from kpod.tasks.layout import find_layout
from kpod.teacher import Rules

OWN = "She has 3 and buys 4, so 3 + 4 = 7 pens."
ROW = {"id": "a", "question": "Mina has 3 pens and buys 4. How many has she?", "answer": "7", "rationale": OWN}


def further(kind, *rows, trained=("a",), rules=Rules(), fields=None):  # noqa: B008 (frozen)
    placed = [(f"line {number}", row) for number, row in enumerate(rows, 1)]
    layout = find_layout(list(rows), "pens.jsonl", "arithmetic", fields, "pens")
    return find_further(kind, placed, layout, "pens.jsonl", list(trained), rules)


def test_alternatives_that_arrive_and_differ_are_used():
    texts = [
        OWN,
        "4 + 3 makes 7 pens.",
        " 4 + 3   makes 7 pens. ",
        "3 + 4 = 8 pens.",
        "",
        "Adding 4 to 3 gives 7 pens.",
    ]
    table = further("alternative", ROW | {"rationales": texts})
    assert table["rationale"].tolist() == ["4 + 3 makes 7 pens.", "Adding 4 to 3 gives 7 pens."]
    assert table["answer"].tolist() == ["7", "7"]
    assert table["question_index"].tolist() == [0, 0] and table["number"].tolist() == [0, 1]
    kept = further("alternative", ROW | {"rationales": texts}, rules=Rules(wrong_rationales="keep"))
    assert "3 + 4 = 8 pens." in kept["rationale"].tolist()


def test_rows_are_recognised_by_their_ids():
    rows = [
        ROW | {"id": "x", "rationales": ["4 + 3 = 7 pens."]},  # not trained on
        ROW | {"id": "b", "rationales": ["With 3 and 4 there are 7 pens."]},
        ROW | {"rationales": ["It makes 7 pens, for 3 + 4 = 7."]},
        ROW | {"rationales": ["Count on from 3: 4, 5, 6, 7 pens."]},  # the same id again
    ]
    table = further("alternative", *rows, trained=("a", "b", "a#2"))
    assert table["question_index"].tolist() == [0, 1, 2]
    assert [text[:8] for text in table["rationale"]] == ["It makes", "With 3 a", "Count on"]


def test_columns_of_other_names():
    row = {"number": "a", "prompt": ROW["question"], "solution": "7", "cot": OWN, "rationales": ["4 + 3 = 7 pens."]}
    names = {"id": "number", "question": "prompt", "answer": "solution", "rationale": "cot"}
    assert further("alternative", row, fields=names)["rationale"].tolist() == ["4 + 3 = 7 pens."]


def test_a_list_written_as_json():
    table = further("alternative", ROW | {"rationales": '["4 + 3 = 7 pens."]'})
    assert table["rationale"].tolist() == ["4 + 3 = 7 pens."]


def test_counterfactuals():
    other = {"counterfactual_rationale": "She gives 4 away: 4 - 3 = 1 pen.", "counterfactual_answer": "1"}
    table = further("counterfactual", ROW | other)
    assert table.to_dict("records") == [
        {"question_index": 0, "number": 0, "rationale": other["counterfactual_rationale"], "answer": "1"}
    ]


@pytest.mark.parametrize(
    ("kind", "more", "message"),
    [
        ("alternative", {}, r"None of the 1 training questions of pens.jsonl .*`rationales`, a list.*another method"),
        ("alternative", {"rationales": [OWN]}, "None of the 1 training questions"),
        ("alternative", {"rationales": ["3 + 4 = 8 pens."]}, "None of the 1 training questions"),
        ("alternative", {"rationales": "4 + 3 = 7"}, 'pens.jsonl, line 1: "rationales" must be a list of texts'),
        ("alternative", {"rationales": [7]}, '"rationales" must be a list of texts'),
        ("counterfactual", {}, "`counterfactual_rationale` and `counterfactual_answer`"),
        ("counterfactual", {"counterfactual_rationale": "4 - 3 = 1."}, '"counterfactual_answer" is None; give a text'),
        ("counterfactual", {"counterfactual_rationale": "So 7.", "counterfactual_answer": "7.0"}, "the right answer"),
        ("counterfactual", {"counterfactual_rationale": "So.", "counterfactual_answer": "a lot"}, "does not parse"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(kind, more, message):
    with pytest.raises(InputError, match=message):
        further(kind, ROW | more)
