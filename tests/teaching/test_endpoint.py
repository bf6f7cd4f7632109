"""An endpoint that refuses, fails, stalls, answers rubbish or limits: what becomes of the questions."""

from __future__ import annotations

import json
import socket
import threading
import time
from email.utils import formatdate
from pathlib import Path

import pytest

from kpod.errors import InputError
from kpod.teaching.endpoint import retry_after
from kpod.teaching.teach import teach
from tests.support.teacher_server import Reply, answer, error, rows_of
from tests.teaching.conftest import KEY, VARIABLE


def failure_of(options, **values):
    """Why the one question failed."""
    ended = teach(options(limit=1, **values))
    assert ended.status == "finished with failures" and ended.summary.failed == 1
    return rows_of(ended.out)[0]["failure"]


def once(reply, *times):
    """That reply the first time, or at the given times, and then a right answer."""
    return lambda asked: reply if asked.nth in (times or (0,)) else answer(asked)


RUBBISH = {
    "no JSON": "<html>Bad gateway</html>",
    "nothing": "",
    "half of it": '{"choices": [{"message": {"content": "10 + ',
    "another type": '["choices"]',
    "no choices": '{"choices": []}',
    "choices of another type": '{"choices": {"0": 1}}',
    "a choice of another type": '{"choices": ["text"]}',
    "null content": '{"choices": [{"finish_reason": "stop", "message": {"content": null}}]}',
    "no message": '{"choices": [{"finish_reason": "stop", "message": null}]}',
    "white space": '{"choices": [{"finish_reason": "stop", "message": {"content": " \\n"}}]}',
    "an error in a 200": '{"error": {"message": "upstream broke", "code": 502}}',
    "deep": "[" * 100_000,
}


@pytest.mark.parametrize("body", RUBBISH.values(), ids=RUBBISH)
def test_rubbish_is_asked_for_again(options, server, body):
    server.behave = once(Reply(body=body), 0, 1)
    assert teach(options(limit=1)).status == "finished" and len(server.asked) == 3


def test_rubbish_for_good_fails_with_what_came(options, server):
    server.behave = lambda asked: Reply(body="<html>\x1b[31mBad\x00 gateway</html>" + "x" * 1000)
    reason = failure_of(options)
    assert reason.startswith("rubbish instead of an answer: <html> [31mBad gateway</html>xxx")
    assert reason.isprintable() and len(reason) < 300 and len(server.asked) == 3


def test_an_empty_answer_fails(options, server):
    server.behave = lambda asked: answer(asked, "")
    assert failure_of(options) == "an empty answer"


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 529])
def test_what_may_pass_is_asked_again(options, server, status):
    server.behave = once(error(status, "later"))
    assert teach(options(limit=1)).status == "finished" and len(server.asked) == 2


@pytest.mark.parametrize("status", [400, 413, 422])
def test_what_will_not_pass_is_not(options, server, status):
    server.behave = lambda asked: error(status, "the prompt is too long")
    assert failure_of(options) == f"{status}: the prompt is too long" and len(server.asked) == 1


def test_a_field_with_another_name_is_named(options, server):
    server.behave = lambda asked: error(400, "Unsupported parameter: use 'max_completion_tokens' instead.")
    assert failure_of(options).endswith("Set max_tokens_field to max_completion_tokens.")
    server.behave = answer
    teach(options(limit=1, max_tokens_field="max_completion_tokens", max_tokens=77, extra={"reasoning_effort": "low"},
                  changed="keep"))  # fmt: skip
    body = server.asked[-1].body
    assert body["max_completion_tokens"] == 77 and "max_tokens" not in body and body["reasoning_effort"] == "low"


def test_a_connection_that_breaks_is_tried_again(options, server):
    server.behave = once(Reply(cut=True))
    assert teach(options(limit=1)).status == "finished" and len(server.asked) == 2


def test_nobody_there(options):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{probe.getsockname()[1]}/v1"
    assert failure_of(options, base_url=address).startswith(f"no connection to {address}: ")


def test_a_server_that_stalls_is_given_up_after_the_timeout(options, server):
    never = threading.Event()
    server.behave = lambda asked: Reply(hold=never)
    begun = time.monotonic()
    assert failure_of(options, timeout=0.3, retries=1) == "no answer within 0.3 s"
    never.set()
    assert len(server.asked) == 2 and time.monotonic() - begun < 10


def test_a_server_that_keeps_the_line_warm_is_given_up_too(options, server):
    server.behave = lambda asked: Reply(body="{}", trickle=0.05)
    assert failure_of(options, timeout=0.4, retries=0) == "no answer within 0.4 s"


def test_a_stalled_question_does_not_hold_up_the_others(options, server):
    never = threading.Event()
    server.behave = lambda asked: Reply(hold=never) if asked.first_number == 10 else answer(asked)
    ended = teach(options(timeout=0.5, retries=0))
    never.set()
    assert (ended.summary.correct, ended.summary.failed) == (5, 1)


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_stops_at_once_and_names_the_variable(options, server, monkeypatch, status):
    server.behave = lambda asked: error(status, f"Incorrect API key provided: {KEY}")
    monkeypatch.setenv(VARIABLE, KEY)
    with pytest.raises(InputError, match=rf"{status}.*check the key in the environment variable {VARIABLE}") as raised:
        teach(options(api_key_variable=VARIABLE, concurrency=1))
    assert len(server.asked) == 1 and KEY not in str(raised.value) and "[key]" in str(raised.value)
    with pytest.raises(InputError, match="no key was sent: put one into the environment variable OPENAI_API_KEY"):
        teach(options(concurrency=1))
    with pytest.raises(InputError, match="api_key_variable is none, so no key was sent"):
        teach(options(concurrency=1, api_key_variable=None))


def test_an_unknown_model_is_told_with_those_that_are_served(options, server):
    server.behave = lambda asked: error(404, "The model `adderr` does not exist")
    with pytest.raises(InputError, match=r"has no model 'adderr' .*It serves: adder\. Set model"):
        teach(options(model="adderr", concurrency=1))
    assert len(server.asked) == 1


def test_a_wrong_path_is_told(options, server):
    with pytest.raises(InputError, match=r"answered 404 \(no such page\), and lists no models either"):
        teach(options(base_url=server.url.removesuffix("/v1"), concurrency=1))


def test_another_api_is_proposed_where_the_model_is_served(options, server):
    server.behave = lambda asked: error(404, "not for chat")
    with pytest.raises(InputError, match=r"serves the model 'adder', and answered 404 .* Set api to completions"):
        teach(options(concurrency=1))


def test_no_quota_stops(options, server):
    body = json.dumps({"error": {"message": "You exceeded your quota", "code": "insufficient_quota"}})
    server.behave = lambda asked: Reply(429, body)
    with pytest.raises(InputError, match="no quota left"):
        teach(options(concurrency=1))
    assert len(server.asked) == 1


def test_a_refusal_of_the_teacher_is_not_asked_again(options, server):
    choice = {"finish_reason": "stop", "message": {"content": None, "refusal": "I will not add."}}
    server.behave = lambda asked: Reply(body=json.dumps({"choices": [choice]}))
    assert failure_of(options) == "refused by the teacher: I will not add." and len(server.asked) == 1
    server.behave = lambda asked: answer(asked, "", finish="content_filter")
    assert failure_of(options) == "refused by the teacher: content filter"


def test_content_in_parts_and_half_characters(options, server):
    parts = [{"type": "text", "text": "10 + 7 = 17\ud83d. "}, {"type": "image"}, {"type": "text", "text": "So 17."}]
    choice = {"finish_reason": "stop", "message": {"content": parts}}
    server.behave = lambda asked: Reply(body=json.dumps({"choices": [choice]}))
    row = rows_of(teach(options(limit=1)).out)[0]
    assert row["rationale"] == "10 + 7 = 17\ufffd. So 17." and row["samples"][0]["completion_tokens"] > 0


def test_nothing_but_failures_is_given_up(options, server):
    server.behave = lambda asked: error(500, "down")
    with pytest.raises(InputError, match=r"3 requests in a row have failed for good, the last one .* 500: down"):
        teach(options(give_up_after=3, retries=0, concurrency=1))
    assert len(server.asked) == 3
    progress = json.loads(Path(options().out + ".progress.json").read_text())
    assert (progress["status"], progress["failed"]) == ("failed", 3) and "500: down" in progress["last_error"]
    server.behave = answer
    assert teach(options()).status == "finished"


def test_a_wish_of_the_server_holds_all_requests_back(options, server):
    server.behave = lambda asked: (
        error(429, "slow down", retry_after="0.6") if asked is server.asked[0] else answer(asked)
    )
    assert teach(options(concurrency=1, limit=3)).status == "finished"
    times = [asked.at for asked in server.asked]
    assert len(times) == 4 and times[1] - times[0] >= 0.6


def test_a_wait_of_hours_stops(options, server):
    server.behave = lambda asked: error(429, "daily limit", retry_after="7200")
    with pytest.raises(InputError, match=r"asks to wait 2\.0 hours"):
        teach(options(concurrency=1))


def test_retry_after_in_its_forms():
    now = 1_000_000.0
    assert retry_after({"retry-after": "1.5"}, now) == 1.5
    assert retry_after({"retry-after-ms": "250", "retry-after": "9"}, now) == 0.25
    assert retry_after({"retry-after": formatdate(now + 30, usegmt=True)}, now) == 30
    assert retry_after({"retry-after": formatdate(now - 30, usegmt=True)}, now) == 0
    assert retry_after({"retry-after": "inf"}, now) == float("inf")
    for rubbish in ("", "soon", "nan", "-"):
        assert retry_after({"retry-after": rubbish}, now) is None
    assert retry_after({"retry-after": "-3"}, now) == 0 and retry_after({}, now) is None
