"""A field map that is given: paths, joins, options and labels, and what is said of one that cannot be."""

import pytest

from kpod.errors import InputError
from kpod.tasks.field_map import check_fields, columns_of, map_row, value_at

ROW = {
    "question": {"stem": "What melts?", "choices": [{"label": "1", "text": "a stone"}, {"label": "2", "text": "ice"}]},
    "answer": {"text": "ice", "spans": ["ice", "water"]},
    "Body": "It is hot. ",
    "a+b": "both",
    "option_a": "tea",
    "option_b": "milk",
    "steps": ["Heat melts ice.", "So ice."],
    "right": 1,
    "key": "2",
}
COLUMNS = columns_of([ROW])


def test_columns_are_listed_with_their_paths():
    assert COLUMNS == (
        "question", "question.stem", "question.choices", "question.choices.label", "question.choices.text",
        "answer", "answer.text", "answer.spans", "Body", "a+b", "option_a", "option_b", "steps", "right", "key",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("question.stem", "What melts?"),
        ("question.choices.text", ["a stone", "ice"]),
        ("answer.spans.1", "water"),
        ("answer.spans.2", None),
        ("answer.text.more", None),
        ("a+b", "both"),
        ("none", None),
    ],
)
def test_a_path_into_a_row(path, value):
    assert value_at(ROW, path) == value


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"question": "Body + question.stem"}, {"question": "It is hot. What melts?"}),
        ({"question": "a+b"}, {"question": "both"}),
        ({"choices": "option_a + option_b", "answer": "key"}, {"choices": ["tea", "milk"], "answer": "2"}),
        ({"choices": "question.choices", "answer": "key"}, {"choices": ["a stone", "ice"], "answer": "B"}),
        ({"rationale": "steps", "correct": "right"}, {"rationale": "Heat melts ice.\nSo ice.", "correct": True}),
        ({"answer": "answer.spans.0", "rationale": ""}, {"answer": "ice", "rationale": None}),
    ],
)
def test_a_map_fills_fields_and_keeps_the_other_columns(fields, expected):
    assert map_row(ROW, fields) == ROW | expected


@pytest.mark.parametrize(
    ("options", "answer", "expected"),
    [
        ({"label": ["X", "Y"], "text": ["ice", "tea"]}, "Y", (["ice", "tea"], "B")),
        ({"A": "ice", "B": "tea"}, "B", (["ice", "tea"], "B")),
        (["A)21", "B)21.5"], "A", (["21", "21.5"], "A")),
        (["A) 21", "C) 21.5"], "A", (["A) 21", "C) 21.5"], "A")),
        (["ice", "tea"], 1, (["ice", "tea"], "B")),
        (["ice", "tea"], True, (["ice", "tea"], True)),
        ('["ice", "tea"]', "B", (["ice", "tea"], "B")),
        ("[ice", "B", ("[ice", "B")),
    ],
)
def test_options_and_the_answer_among_them(options, answer, expected):
    mapped = map_row({"o": options, "a": answer}, {"choices": "o", "answer": "a"})
    assert (mapped["choices"], mapped["answer"]) == expected


def test_a_map_that_cannot_be_is_explained():
    with pytest.raises(InputError, match=r"no field 'qestion'.*mean 'question'.*Fields: id, question, answer"):
        check_fields({"qestion": "Body"}, COLUMNS, "a.csv")
    with pytest.raises(InputError, match=r"a\.csv: the field 'question' .*'body'.*mean 'Body'.*Columns: question, "):
        check_fields({"question": "body + question.stem"}, COLUMNS, "a.csv")
    with pytest.raises(InputError, match=r"'question\.step'.*mean 'question\.stem'"):
        check_fields({"question": "question.step"}, COLUMNS, "a.csv")
    check_fields({"answer": "answer.spans.0", "choices": "option_a+option_b", "rationale": ""}, COLUMNS, "a.csv")
