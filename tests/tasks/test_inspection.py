"""What a source holds, told without stopping at a bad line."""

import json

import pytest

from kpod.errors import InputError
from kpod.tasks.files import RowError, iterate_rows
from kpod.tasks.inspection import MAX_ERRORS, inspect_rows


def inspect(path, **settings):
    return inspect_rows(iterate_rows(path), path.name, stem=path.stem, **settings)


@pytest.fixture
def mixed(tmp_path):
    path = tmp_path / "mixed.jsonl"
    lines = [
        '{"no": 1, "problem": "Tom has 3 boxes of 4 pens. How many?", "solution": "3 * 4 = 12 pens", "target": 12}',
        '{"no": 2, "problem": "Ann has 9 pens and loses 2. How many?", "solution": "9 - 2 = 6 pens", "target": "7"}',
        "",
        '{"no": 3, "problem": "How many?", "solution": "Let us see what is said.", "target": "many"}',
        '{"no": 4,',
        '{"no": 5, "problem": "", "target": 5}',
        "[5]",
        '{"no": 6, "problem": "What is 2 and 2?", "solution": null, "target": 4.0}',
    ]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_a_report_of_a_file_with_mistakes(mixed):
    report = inspect(mixed)
    assert (report.task, report.task_is_guessed, report.rows, report.questions) == ("arithmetic", True, 7, 3)
    assert report.fields_set == {"question": "problem", "answer": "target", "rationale": "solution"}
    assert report.columns == ("no", "problem", "solution", "target")
    assert report.examples["solution"] == "3 * 4 = 12 pens"
    assert (report.with_rationale, report.rationales_right, report.rationales_wrong) == (2, 1, 1)
    assert report.splits == {"train": 3}
    assert [question.id for question in report.preview] == ["mixed-00001", "mixed-00002", "mixed-00005"]
    assert [error.place for error in report.errors] == ["line 4", "line 5", "line 6", "line 7"]
    assert report.num_errors == 4
    assert report.errors[0].message.startswith("the answer 'many' does not parse")
    assert report.errors[2].message.startswith('"question" is')


def test_a_map_changes_what_is_read(mixed):
    report = inspect(mixed, task="arithmetic", fields={"id": "no", "rationale": ""})
    assert report.with_rationale == 0 and not report.task_is_guessed
    assert [question.id for question in report.preview] == ["1", "2", "6"]


def test_duplicates_and_splits_are_counted(tmp_path):
    path = tmp_path / "a.jsonl"
    rows = [
        {"id": i % 4, "question": "How many?", "answer": i, "split": "test" if i > 7 else "train"} for i in range(10)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    report = inspect(path)
    assert (report.duplicate_ids, report.first_duplicates) == (6, ("0", "1", "2", "3"))
    assert report.splits == {"train": 8, "test": 2}


def test_errors_are_bounded_and_counted(tmp_path):
    path = tmp_path / "a.jsonl"
    rows = [{"id": i, "question": "How many?", "answer": i if i < 700 else "?"} for i in range(1500)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    report = inspect(path)
    assert (len(report.errors), report.num_errors, report.questions) == (MAX_ERRORS, 800, 700)


def test_a_source_without_an_answer_column_is_reported_with_its_columns(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("prompt,more\nWhat is it?,Something that is long\n")
    report = inspect(path)
    assert (report.questions, report.rows, report.num_errors) == (0, 1, 0)
    assert "no column was recognised as answer" in report.problem
    assert report.examples == {"prompt": "What is it?", "more": "Something that is long"}


def test_what_cannot_be_read_at_all_raises(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text("{\n{\n")
    with pytest.raises(InputError, match=r"holds no readable questions; the first: a\.jsonl, line 1: no JSON"):
        inspect(path)
    path.write_text("")
    with pytest.raises(InputError, match=r"holds no readable questions\. Give"):
        inspect(path)
    path.write_text('{"question": "a", "answer": 1}')
    with pytest.raises(InputError, match="no task 'maths'"):
        inspect(path, task="maths")
    with pytest.raises(InputError, match=r"no field 'answr'.*'answer'"):
        inspect(path, fields={"answr": "answer"})
    with pytest.raises(InputError, match="no file"):
        inspect(tmp_path / "none.csv")


def test_every_bad_line_of_every_format_is_found(tmp_path):
    files = {
        "a.jsonl": (b'{"a": 1}\n\xff\n{"a": 2}\n', ["line 2"], 2),
        "a.csv": (b"a,b\n1,2\n1\n3,4\n1,2,3\n", ["line 3", "line 5"], 2),
        "b.csv": (b'a,b\n1,"x\ny"\n"2"z,3\n4,5\n', ["line 4"], 1),
        "c.csv": (b"a;b\n1;2,5\n", [], 1),
        "a.tsv": (b"a\tb\n1\t2, 3\n", [], 1),
        "a.json": (b'[{"a": 1}, 3, {"a": 2}]', ["item 2"], 2),
        "b.json": (b'{"a": 1}\n{"a": 2}\n', [], 2),
        "c.json": (b'{"version": 1, "data": [{"a": 1}]}', [], 1),
    }
    for name, (content, bad, good) in files.items():
        (tmp_path / name).write_bytes(content)
        entries = list(iterate_rows(tmp_path / name))
        assert [entry.place for entry in entries if isinstance(entry, RowError)] == bad, name
        assert len(entries) - len(bad) == good, name


def test_a_json_file_of_splits_says_which_row_is_in_which(tmp_path):
    path = tmp_path / "a.json"
    path.write_text('{"train": [{"a": 1}], "test": [{"a": 2}, {"a": 3, "split": "dev"}]}')
    assert list(iterate_rows(path)) == [
        ("item 1 of 'train'", {"split": "train", "a": 1}),
        ("item 1 of 'test'", {"split": "test", "a": 2}),
        ("item 2 of 'test'", {"split": "dev", "a": 3}),
    ]


def test_a_csv_header_and_bytes_that_cannot_be_read(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"a,b,a\n1,2,3\n")
    with pytest.raises(InputError, match=r"header names 'a' twice"):
        list(iterate_rows(path))
    path.write_bytes(b"a,b\n" + b"1,2\n" * 5000 + b"1,\xff\n")
    with pytest.raises(InputError, match=r"a\.csv, line 5002: byte 0xff is not UTF-8"):
        list(iterate_rows(path))
