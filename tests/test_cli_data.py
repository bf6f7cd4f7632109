"""The commands `data` and `check`."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from kpod.cli import app
from kpod.cli_data import parse_fields
from kpod.errors import InputError


def run(*arguments):
    return CliRunner().invoke(app, [str(each) for each in arguments])


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


ROWS = [
    {
        "prompt": "Ann has 2 pears and buys 3. How many?",
        "target": "5",
        "cot": "Ann has 2 pears. She buys 3 more pears, so she has 2 + 3 = 5 pears.",
    },
    {
        "prompt": "Bob has 4 kites and sells 1. How many?",
        "target": "3",
        "cot": "Bob has 4 kites. He sells 1 of his kites, so he has 4 - 1 = 2 kites.",
    },
    {
        "prompt": "Dee has 9 plums and eats 2. How many?",
        "target": "7",
        "cot": "Dee has 9 plums. She eats 2 plums, so she has 9 - 2 = 7 plums. Then she gives 7 +",
    },
]


def test_a_source_is_shown_with_its_columns_and_every_mistake(tmp_path):
    source = write(
        tmp_path / "mine.jsonl",
        [
            *ROWS,
            {
                "prompt": "Cid?",
                "target": None,
                "cot": "[red]Nobody knows[/red] what Cid asks here. He does not say it either.",
            },
        ],
    )
    source.write_text(source.read_text() + "no json\n")
    shown = run("data", source)
    assert shown.exit_code == 1
    text = shown.stdout
    assert "3 questions in 5 rows, task arithmetic (guessed)" in text
    for field, column in (("question", "prompt"), ("answer", "target"), ("rationale", "cot")):
        assert any(line.split()[:2] == [field, column] for line in text.splitlines()), field
    assert "line 4:" in text and "line 5:" in text and "splits: train 3" in text
    assert "rationales: 3, of which 2 reach the gold answer, 1 another one and 0 state none" in text


def test_columns_can_be_named(tmp_path):
    source = write(tmp_path / "clean.jsonl", ROWS)
    shown = run("data", source, "--fields", "question=cot,answer=target,rationale=prompt", "--task", "arithmetic")
    assert shown.exit_code == 0 and "given" in shown.stdout
    with pytest.raises(InputError, match=r"--fields has 'quest=prompt'; write FIELD=COLUMN .*Fields: id, question"):
        parse_fields("quest=prompt")
    with pytest.raises(InputError, match="--fields has 'question'"):
        parse_fields("question")
    assert parse_fields(None) is None and parse_fields("question = a.b") == {"question": "a.b"}


def test_rationales_are_checked_by_reason(tmp_path):
    source = write(tmp_path / "clean.jsonl", ROWS)
    shown = run("check", source)
    assert shown.exit_code == 0 and "1 of 3 questions are kept." in shown.stdout
    report = json.loads(run("check", source, "--json").stdout)
    found = {row["reason"]: (row["found"], row["dropped"]) for row in report["reasons"]}
    assert found["wrong answer"] == (1, 1) and found["truncated"] == (1, 1) and report["kept"] == 1
    refused = run("check", source, "--split", "dev")
    assert isinstance(refused.exception, InputError) and "has split 'dev'; there are train" in str(refused.exception)
