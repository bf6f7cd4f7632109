"""Small answers leave at once: Nagle's algorithm off for every connection of the server."""

from __future__ import annotations

import socket
from typing import Any


class NoDelay:
    """ASGI middleware that sets TCP_NODELAY on the connection that a request or a websocket came by.

    Streamlit binds its socket itself, with a protocol number of 0; asyncio then takes it for no TCP socket and leaves
    Nagle's algorithm on, so that on Linux what follows a first small packet waits for the browser's delayed
    acknowledgement: 40 ms an answer (uvicorn's issue 3149 tells it of its own workers). Nothing is done where the
    server is none of uvicorn, whose `receive` is a method of what holds the connection.
    """

    def __init__(self, app: Any):
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        transport = getattr(getattr(receive, "__self__", None), "transport", None)
        connection = transport.get_extra_info("socket") if transport is not None else None
        if connection is not None and connection.family in (socket.AF_INET, socket.AF_INET6):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await self.app(scope, receive, send)
