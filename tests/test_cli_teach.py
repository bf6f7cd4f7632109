"""`python -m kpod teach`: from the command line, killed, interrupted and continued."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from contextlib import contextmanager

import pytest

from kpod import load_questions
from tests.support.teacher_server import MODEL, Reply, answer, error, rows_of, teacher_server, write_sums
from tests.support.tiny_runs import kpod_command, kpod_environment, run_kpod

pytestmark = pytest.mark.slow


@pytest.fixture
def server():
    with teacher_server() as running:
        yield running


@pytest.fixture
def command(server, tmp_path):
    """The arguments of a generation of 24 sums."""
    source = write_sums(tmp_path / "sums.jsonl", 24)
    return ["teach", source, "--out", tmp_path / "taught.jsonl", "--base-url", server.url, "--model", MODEL]


@contextmanager
def started(*arguments):
    process = subprocess.Popen(
        kpod_command(*arguments), env=kpod_environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def holding_after(server, count):
    """So many answers, then none until the event is set."""
    event = threading.Event()

    def behave(asked):
        with server.lock:
            number = server.asked.index(asked)
        return answer(asked) if number < count else replaced(answer(asked), event)

    server.behave = behave
    return event


def replaced(reply, event):
    return Reply(body=reply.body, hold=event)


def test_from_questions_to_rationales(command, tmp_path):
    done = run_kpod(*command, "--samples", "2", "--split", "train", "--limit", "5", "--set", "concurrency=3")
    assert done.returncode == 0, done.stderr
    assert "5 questions: 5 with a correct rationale" in done.stdout
    assert all(len(row["samples"]) == 2 for row in rows_of(tmp_path / "taught.jsonl"))


def test_killed_half_way_nothing_is_asked_twice(kpod, command, server, tmp_path):
    event = holding_after(server, 10)
    with started(*command, "--set", "concurrency=4") as process:
        journal = tmp_path / "taught.jsonl.journal"
        end = time.monotonic() + 60
        while not journal.is_file() or len(journal.read_text().splitlines()) < 11 or len(server.asked) < 14:
            assert time.monotonic() < end and process.poll() is None
            time.sleep(0.05)
        os.kill(process.pid, signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    answered_before = {prompt for prompt, count in server.answered().items() if count}
    assert len(answered_before) == 10 and not (tmp_path / "taught.jsonl").exists()
    with open(journal, "ab") as file:
        file.write(b'{"kind": "answer", "id": "sum-2')  # as a crash of the whole machine can leave it

    server.behave = answer
    event.set()
    code, _, said = kpod(*command)
    assert code == 0 and "10 answers are there and not asked for again" in said
    asked = {prompt: sum(each.prompt == prompt for each in server.asked) for prompt in server.answered()}
    # What had no answer when it was killed (4 requests) is asked once more, everything else once.
    assert len(asked) == 24 and sum(asked.values()) == 28
    assert all(asked[prompt] == 1 for prompt in answered_before)
    questions = load_questions(tmp_path / "taught.jsonl")
    assert len(questions) == 24 and all(question.teacher_correct for question in questions)
    kpod(*command)
    assert len(server.asked) == 28


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_says_how_to_go_on(kpod, command, server, tmp_path, number):
    event = holding_after(server, 6)
    with started(*command, "--set", "concurrency=2") as process:
        while len(server.asked) < 8:
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(number)
        time.sleep(0.3)
        event.set()  # what is under way is waited for
        _, said = process.communicate(timeout=30)
        assert process.returncode == 130
    assert "Stopped with 8 of 24 answers" in said and "Run the same command again" in said
    assert "Traceback" not in said
    progress = json.loads((tmp_path / "taught.jsonl.progress.json").read_text())
    assert (progress["status"], progress["done"], progress["total"]) == ("stopped", 8, 24)
    server.behave = answer
    assert kpod(*command)[0] == 0 and set(server.answered().values()) == {1}
    assert len(server.asked) == 24


def test_a_second_interrupt_leaves_at_once(command, server):
    event = holding_after(server, 2)
    with started(*command, "--set", "concurrency=1") as process:
        while len(server.asked) < 3:
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=10) == 130
    event.set()


def test_a_file_of_options_and_exit_statuses(kpod, server, tmp_path):
    source = write_sums(tmp_path / "sums.jsonl", 3)
    values = {"source": str(source), "out": str(tmp_path / "t.jsonl"), "base_url": server.url, "model": MODEL}
    values |= {"retries": 0, "concurrency": 1}
    (tmp_path / "teach.json").write_text(json.dumps(values))
    server.behave = lambda asked: error(400, "no") if asked.first_number == 11 else answer(asked)
    code, printed, _ = kpod("teach", "--config", tmp_path / "teach.json")
    assert code == 1 and "2 with a correct rationale" in printed and "1 failed" in printed
    server.behave = answer
    priced = ["--set", "input_price=1", "--set", "output_price=1", "--set", "max_tokens=100"]
    arguments = ("teach", "--config", tmp_path / "teach.json", "--out", tmp_path / "u.jsonl", *priced)
    code, _, said = kpod(*arguments, "--set", "cost_limit=0.0002")
    assert code == 3 and "cost limit" in said
    code, _, said = kpod("teach", "--config", tmp_path / "teach.json", "--set", "smaples=2")
    assert code == 2 and "Did you mean samples" in said and "Traceback" not in said


def test_a_dry_run_asks_nothing(kpod, command, server, tmp_path):
    priced = ("--set", "input_price=1", "--set", "output_price=2")
    code, printed, _ = kpod(*command, "--samples", "3", "--dry-run", *priced)
    assert code == 0 and "24 questions, 3 samples each: 72 requests" in printed
    assert "at most 73,728 tokens" in printed and "Cost: at most about 0.15" in printed
    assert server.asked == [] and [path.name for path in tmp_path.iterdir()] == ["sums.jsonl"]


def test_a_local_teacher_takes_no_address(kpod, command, tiny_llama_folder, tmp_path):
    code, _, said = kpod(*command, "--local", tiny_llama_folder)
    assert code == 2 and "leave --model and --base-url away" in said
    source, out = command[1], tmp_path / "local.jsonl"
    options = ("--local", tiny_llama_folder, "--limit", "2", "--set", "max_tokens=8")
    code, _, said = kpod("teach", source, "--out", out, *options)
    assert code == 0, said
    assert len(rows_of(out)) == 2


def test_all_options_are_listed(kpod):
    code, printed, _ = kpod("teach", "--describe")
    assert code == 0
    for name in ("source", "api_key_variable", "cost_limit", "until_correct"):
        assert f"\n{name}: " in f"\n{printed}"
