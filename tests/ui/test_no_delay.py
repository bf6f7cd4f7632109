"""Small answers leave at once: a real server on a socket that it did not bind itself, as Streamlit starts one."""

from __future__ import annotations

import socket
import threading
import urllib.request
from collections.abc import Iterator

import pytest
import uvicorn
from starlette.responses import PlainTextResponse

from kpod.ui.no_delay import NoDelay


async def told(scope, receive, send) -> None:
    """Answer whether Nagle's algorithm is off for the connection of the request."""
    connection = receive.__self__.transport.get_extra_info("socket")
    answer = PlainTextResponse(str(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0))
    await answer(scope, receive, send)


@pytest.fixture
def address() -> Iterator[str]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        server = uvicorn.Server(uvicorn.Config(NoDelay(told), lifespan="off", log_level="error"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join()


def test_a_connection_sends_without_delay(address):
    with urllib.request.urlopen(address, timeout=20) as answer:
        assert answer.read() == b"True"


def test_what_is_no_connection_passes():
    """Starlette's test client and servers other than uvicorn hand over no transport."""
    from starlette.testclient import TestClient

    async def app(scope, receive, send) -> None:
        await PlainTextResponse("passed")(scope, receive, send)

    assert TestClient(NoDelay(app)).get("/").text == "passed"
