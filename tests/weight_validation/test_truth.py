"""Where a rationale calculates: found in its text, told by its data, and which numbers are copied."""

from __future__ import annotations

import json

import numpy as np
import pytest

from kpod.errors import InputError
from kpod.weight_validation.truth import (
    Arithmetic,
    copied_numbers,
    covered,
    found_arithmetic,
    read_calculations,
    told_arithmetic,
)


def texts(rationale, spans):
    return [rationale[start:end] for start, end in spans]


@pytest.mark.parametrize(
    ("rationale", "results", "calculations"),
    [
        ("So 12 / 3 = 4 pens are left.", ["4"], ["12 / 3 = 4"]),
        ("It costs 2 * $3 = $6 in all.", ["6"], ["2 * $3 = $6"]),
        ("He has 3 plus 4 is 7. Then 7 - 1.50 = 5.50.", ["7", "5.50"], ["3 plus 4 is 7", "7 - 1.50 = 5.50"]),
        ("Mina has 3 pens and 4 cups.", [], []),
    ],
)
def test_arithmetic_is_found_in_the_text(rationale, results, calculations):
    found = found_arithmetic(rationale)
    assert texts(rationale, found.results) == results
    assert texts(rationale, found.calculations) == calculations


ROW = {"id": "a", "question": "?", "rationale": "So 2+3 = 5 and 5*2 = 10.", "calc": [[9, 10, 3, "2+3", "5"]]}
ROW["calc"].append([21, 23, 15, "5*2", "10"])


def written(path, *rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_calculations_of_the_data(tmp_path):
    known = read_calculations(written(tmp_path / "a.jsonl", {"id": "b", "question": "?", "calc": None}, ROW))
    assert set(known) == {"a"}
    told = told_arithmetic(known, "a", ROW["rationale"])
    assert texts(ROW["rationale"], told.results) == ["5", "10"]
    assert texts(ROW["rationale"], told.calculations) == ["2+3 = 5", "5*2 = 10"]


def test_calculations_of_a_part_and_of_another_text(tmp_path):
    known = read_calculations(written(tmp_path / "a.jsonl", ROW))
    part = "and 5*2 = 10."
    told = told_arithmetic(known, "a", part)
    assert texts(part, told.results) == ["10"] and texts(part, told.calculations) == ["5*2 = 10"]
    first = "So 2+3 = 5"
    assert texts(first, told_arithmetic(known, "a", first).results) == ["5"]
    assert told_arithmetic(known, "a", "So 2+3 = 6.") is None
    assert told_arithmetic(known, "c", part) is None


def test_data_without_calculations(tmp_path):
    assert read_calculations(written(tmp_path / "a.jsonl", {"id": "b", "question": "?"})) is None
    assert read_calculations(tmp_path / "none.jsonl") is None


@pytest.mark.parametrize("wrong", [[[9, 99, 3, "", ""]], [[10, 9, 3]], "5", [[9, 10]], [[True, 10, 3]]])
def test_a_wrong_list_is_refused_with_its_place(tmp_path, wrong):
    with pytest.raises(InputError, match="line 2: calc is"):
        read_calculations(written(tmp_path / "a.jsonl", ROW, ROW | {"calc": wrong}))


def test_numbers_that_stood_before():
    rationale = "She has 3 pens and buys 1,200 more, 3 + 1200 = 1203. So 1203.0 it is, or 2.5."
    copied = copied_numbers("Mina has 3 pens.", rationale)
    assert texts(rationale, copied) == ["3", "3", "1200", "1203.0"]


def test_tokens_belong_where_their_first_visible_character_does():
    text = "So 12 is it"
    starts, ends = np.array([0, 2, 4, 5, 6]), np.array([2, 4, 5, 6, 8])  # So| 1|2| |is
    assert covered([(3, 5)], text, starts, ends).tolist() == [False, True, True, False, False]
    assert covered([], text, starts, ends).sum() == 0
    assert Arithmetic((), ()) == found_arithmetic("No sum here.")
