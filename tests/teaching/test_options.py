"""Options: what is refused and how it is said, and that no key gets into a message."""

from __future__ import annotations

import json

import pytest

from kpod.errors import InputError
from kpod.teaching.options import make_options, options_yaml, read_assignment, read_options

KEY = "sk-proj-abcdefghijklmnopqrstuvwxyz"
GOOD = {"source": "a.jsonl", "out": "b.jsonl", "model": "m"}


@pytest.mark.parametrize(
    "values, message",
    [
        ({"samples": 0}, "samples is 0: "),
        ({"temprature": 1}, "Did you mean temperature"),
        ({"prompt": "Answer!"}, "must hold {question}"),
        ({"cost_limit": 5}, "cost_limit needs both prices"),
        ({"samples": 2, "temperature": 0}, "greedy samples"),
        ({"out": "b.csv"}, "name it .jsonl"),
        ({"api": "completions", "system_prompt": "Hi"}, "put it into prompt"),
        ({"base_url": "localhost:8000"}, "an address such as http://localhost:8000/v1"),
        ({"base_url": "ftp://host/v1"}, "an address such as"),
        ({"base_url": "http://host:port/v1"}, "an address such as"),
        ({"timeout": float("nan")}, "timeout"),
        ({"device": "tpu"}, "device is 'tpu'"),
    ],
)
def test_what_is_refused(values, message):
    with pytest.raises(InputError) as raised:
        make_options(GOOD | values)
    assert message in str(raised.value)


@pytest.mark.parametrize(
    "values",
    [
        {"api_key_variable": KEY},
        {"api_key": KEY},
        {"key": KEY},
        {KEY: "x"},
        {"base_url": f"https://user:{KEY}@host/v1"},
        {"base_url": f"https://host/v1?key={KEY}"},
        {"base_url": KEY},
    ],
)
def test_a_key_in_the_wrong_place_is_refused_and_not_repeated(values, tmp_path):
    with pytest.raises(InputError) as raised:
        make_options(GOOD | values)
    assert KEY not in str(raised.value) and KEY not in repr(raised.value)
    if "api_key" in values:
        assert "Keys come from the environment alone" in str(raised.value)


def test_missing_options_are_all_named():
    with pytest.raises(InputError) as raised:
        make_options({})
    for name in ("source", "out", "model"):
        assert f"{name} is missing" in str(raised.value)


def test_files_of_options(tmp_path):
    options = make_options(GOOD | {"samples": 3, "prompt": "Räts: {question}\n"})
    (tmp_path / "a.yaml").write_text(options_yaml(options), encoding="utf-8")
    (tmp_path / "a.json").write_text(json.dumps(GOOD | {"samples": 3}), encoding="utf-8")
    assert make_options(read_options(tmp_path / "a.yaml")) == options
    assert make_options(read_options(tmp_path / "a.json")).samples == 3
    for text in ("[1, 2]", f"api_key: [{KEY}", ""):
        (tmp_path / "bad.yaml").write_text(text)
        with pytest.raises(InputError) as raised:
            read_options(tmp_path / "bad.yaml")
        assert KEY not in str(raised.value)
    with pytest.raises(InputError, match="cannot be read"):
        read_options(tmp_path / "none.yaml")


def test_assignments():
    assert read_assignment("temperature=1e-1") == ("temperature", 0.1)
    assert read_assignment("api_key_variable=null") == ("api_key_variable", None)
    assert read_assignment("extra={reasoning_effort: low}") == ("extra", {"reasoning_effort": "low"})
    for bad in ("temperature", "temprature=1", f"{KEY}", f"api_key={KEY}"):
        with pytest.raises(InputError) as raised:
            read_assignment(bad)
        assert KEY not in str(raised.value)
