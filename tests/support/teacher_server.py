"""A teacher on the loopback: an OpenAI-compatible server that adds numbers, counts, and misbehaves as it is told."""

from __future__ import annotations

import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

MODEL = "adder"


@dataclass
class Asked:
    """A request that came in: which one it is of its prompt (from 0), and whether its answer went out whole.

    Names of headers are in lower case.
    """

    path: str
    body: dict[str, Any]
    headers: dict[str, str]
    nth: int
    at: float
    answered: bool = False

    @property
    def prompt(self) -> str:
        return self.body["messages"][-1]["content"] if "messages" in self.body else self.body["prompt"]

    @property
    def first_number(self) -> int:
        return int(re.findall(r"\d+", self.prompt)[0])


@dataclass
class Reply:
    """`hold`: sent only when the event is set. `cut`: the connection ends before a byte of it. `trickle`: a byte of
    white space every so many seconds in front of it."""

    status: int = 200
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    hold: threading.Event | None = None
    cut: bool = False
    trickle: float | None = None


def answer(asked: Asked, text: str | None = None, *, finish: str = "stop", usage: bool = True) -> Reply:
    """Right, unless `text` says otherwise: the sum of the first two numbers of the prompt."""
    if text is None:
        first, second = map(int, re.findall(r"\d+", asked.prompt)[:2])
        text = f"There are {first} + {second} = {first + second} pens.\nTherefore, the answer is {first + second}."
    choice: dict[str, Any] = {"index": 0, "finish_reason": finish}
    choice |= {"message": {"role": "assistant", "content": text}} if "messages" in asked.body else {"text": text}
    value: dict[str, Any] = {"id": "1", "object": "made", "created": 1, "model": MODEL, "choices": [choice]}
    if usage:
        value["usage"] = {"prompt_tokens": 50, "completion_tokens": 20, "total_tokens": 70}
    return Reply(body=json.dumps(value))


def error(status: int, message: str, **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, json.dumps({"error": {"message": message, "type": "made"}}), named)


class TeacherServer:
    """`behave` says what a request is answered with; `asked` is what came in so far."""

    def __init__(self, behave: Callable[[Asked], Reply] = answer):
        self.behave = behave
        self.asked: list[Asked] = []
        self.lock = threading.Lock()
        self.under_way = self.most_under_way = 0
        self.url = ""

    def answered(self) -> dict[str, int]:
        """Prompt -> how often its answer went out."""
        counts: dict[str, int] = {}
        for each in self.asked:
            counts[each.prompt] = counts.get(each.prompt, 0) + each.answered
        return counts

    def wait_for(self, count: int, seconds: float = 20.0) -> None:
        """Until so many answers went out."""
        end = time.monotonic() + seconds
        while sum(each.answered for each in self.asked) < count:
            assert time.monotonic() < end, f"{sum(each.answered for each in self.asked)} answers, not {count}"
            time.sleep(0.02)


class Handler(BaseHTTPRequestHandler):
    server_state: TeacherServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path == "/v1/models":
            self.send(Reply(body=json.dumps({"object": "list", "data": [{"id": MODEL, "object": "model"}]})))
        else:
            self.send(error(404, "no such page"))

    def do_POST(self) -> None:
        state = self.server_state
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with state.lock:
            headers = {name.lower(): value for name, value in self.headers.items()}
            asked = Asked(self.path, body, headers, 0, time.monotonic())
            asked.nth = sum(other.prompt == asked.prompt for other in state.asked)
            state.asked.append(asked)
            state.under_way += 1
            state.most_under_way = max(state.most_under_way, state.under_way)
        try:
            known = self.path in ("/v1/chat/completions", "/v1/completions")
            reply = state.behave(asked) if known else error(404, "no such page")
            if reply.hold is not None:
                reply.hold.wait(30)
            if reply.cut:
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True
            elif self.send(reply):
                asked.answered = reply.status == 200
        finally:
            with state.lock:
                state.under_way -= 1

    def send(self, reply: Reply) -> bool:
        """Whether the client was still there."""
        content = reply.body.encode()
        try:
            self.send_response(reply.status)
            length = len(content) if reply.trickle is None else len(content) + 10_000
            for name, value in ({"Content-Type": "application/json"} | reply.headers).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(length))
            self.end_headers()
            for _ in range(0 if reply.trickle is None else 10_000):
                self.wfile.write(b" ")
                self.wfile.flush()
                time.sleep(reply.trickle or 0)
            self.wfile.write(content)
            self.wfile.flush()
        except OSError:
            self.close_connection = True
            return False
        return True

    def log_message(self, format: str, *arguments: object) -> None:
        """Keep the test's output to itself."""


@contextmanager
def teacher_server(behave: Callable[[Asked], Reply] = answer) -> Iterator[TeacherServer]:
    """A running server; its `url` is what a user gives as base URL."""
    state = TeacherServer(behave)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"server_state": state}))
    server.daemon_threads = True
    state.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def write_sums(path: Path, count: int, **fields: Any) -> Path:
    """Questions that the server answers: number k asks for k + 10 + 7."""
    rows = [
        {
            "id": f"sum-{number:02d}",
            "question": f"Mia has {number + 10} pens and buys 7. How many has she?",
            "answer": str(number + 17),
            "split": "train" if number % 2 == 0 else "test",
            **fields,
        }
        for number in range(count)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def rows_of(path: Path | str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines()]
