"""The key goes into requests and into nothing else."""

from __future__ import annotations

import logging
import os
import traceback

import pytest

from kpod.errors import InputError
from kpod.teaching.credentials import Credentials, read_credentials
from kpod.teaching.teach import collect, teach
from tests.support.teacher_server import Reply, answer, error
from tests.support.tiny_runs import run_kpod
from tests.teaching.conftest import KEY, VARIABLE


def everything_written(folder):
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_the_key_is_sent_and_written_nowhere(options, server, tmp_path, monkeypatch, capfd, caplog):
    """Even where the server sends it back: in answers, errors, model names and rubbish."""
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv(VARIABLE, KEY)
    replies = {
        10: lambda asked: answer(asked, f"{KEY}: 10 + 7 = 17."),
        11: lambda asked: error(500, f"your key {KEY} is fine, we are not"),
        12: lambda asked: Reply(body=f"<html>{KEY}</html>"),
        13: lambda asked: error(400, KEY),
        14: lambda asked: Reply(200, f'{{"model": "{KEY}", "choices": [{{"message": {{"content": "So 21."}}}}]}}'),
    }
    server.behave = lambda asked: replies.get(asked.first_number, answer)(asked)
    said = []
    chosen = options(api_key_variable=VARIABLE)
    ended = teach(chosen, log=said.append, show=lambda state: said.append(repr(state)))
    collect(chosen)
    assert ended.summary.failed == 3 and ended.summary.correct == 3
    assert {asked.headers["authorization"] for asked in server.asked} == {f"Bearer {KEY}"}
    captured = capfd.readouterr()
    assert KEY.encode() not in everything_written(tmp_path) and b"[key]" in everything_written(tmp_path)
    assert KEY not in "".join(said) + captured.out + captured.err + caplog.text


@pytest.mark.parametrize("status", [401, 404, 429])
def test_no_traceback_holds_the_key(options, server, monkeypatch, status):
    monkeypatch.setenv(VARIABLE, KEY)
    server.behave = lambda asked: error(status, f"insufficient_quota for {KEY}")
    with pytest.raises(InputError) as raised:
        teach(options(api_key_variable=VARIABLE))
    text = "".join(traceback.TracebackException.from_exception(raised.value, capture_locals=False).format())
    assert KEY not in text and raised.value.__context__ is None


def test_the_command_line_shows_no_key(options, server, tmp_path):
    server.behave = lambda asked: error(401, f"Incorrect API key: {KEY}")
    done = run_kpod("teach", options().source, "--out", tmp_path / "x.jsonl", "--base-url", server.url, "--model", "m",
                    OPENAI_API_KEY=KEY)  # fmt: skip
    assert done.returncode == 2 and "environment variable OPENAI_API_KEY" in done.stderr
    assert KEY not in done.stdout + done.stderr and KEY.encode() not in everything_written(tmp_path)


def test_without_a_key_no_header_is_sent(options, server, monkeypatch):
    teach(options(limit=1))
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    teach(options(limit=2, api_key_variable=None))
    assert len(server.asked) == 2 and all("authorization" not in asked.headers for asked in server.asked)


def test_a_named_variable_must_hold_a_key(options, monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    with pytest.raises(InputError, match=f"variable {VARIABLE} holds no key"):
        read_credentials(options(api_key_variable=VARIABLE))
    monkeypatch.setenv(VARIABLE, "  ")
    with pytest.raises(InputError, match=f"variable {VARIABLE} holds no key"):
        read_credentials(options(api_key_variable=VARIABLE))
    for bad in ("sk-é", "sk-a\nb"):
        monkeypatch.setenv(VARIABLE, bad)
        with pytest.raises(InputError) as raised:
            read_credentials(options(api_key_variable=VARIABLE))
        assert bad not in str(raised.value)
    monkeypatch.setenv(VARIABLE, f" {KEY}\n")
    found = read_credentials(options(api_key_variable=VARIABLE))
    assert found.key == KEY and KEY not in repr(found)


def test_a_short_word_that_stands_for_no_key_is_left_in_texts():
    assert Credentials("A", "none").redact("none of them") == "none of them"
    assert Credentials("A", KEY).redact(f"a {KEY} b") == "a [key] b"


def test_a_key_over_plain_http_to_another_machine_is_told(options, monkeypatch):
    monkeypatch.setenv(VARIABLE, KEY)
    said = []
    with pytest.raises(InputError, match="failed for good"):
        teach(
            options(
                api_key_variable=VARIABLE, base_url="http://kpod.invalid/v1", retries=0, give_up_after=1, timeout=2
            ),
            log=said.append,
        )
    assert any("unencrypted" in line for line in said) and os.environ[VARIABLE] == KEY
