"""What every answer of the server says: which hosts may ask, and what a page may load."""

from __future__ import annotations

from typing import Any

import streamlit as st
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from kpod.ui.front_end import FrontEndFiles
from kpod.ui.no_delay import NoDelay

# Streamlit's front end needs inline styles and evaluated modules; nothing may come from or go to another host.
POLICY = (
    "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; connect-src 'self' ws: wss:; "
    "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)


class SecurityHeaders:
    """ASGI middleware that adds the content security policy and its companions to every answer."""

    def __init__(self, app: Any):
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Any) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Content-Security-Policy"] = POLICY
                headers["X-Content-Type-Options"] = "nosniff"
                headers["Referrer-Policy"] = "no-referrer"
            await send(message)

        await self.app(scope, receive, send_with_headers)


def middleware() -> list[Middleware]:
    """Host check first: the static shell would otherwise answer any name (DNS rebinding)."""
    allowed = list(st.get_option("server.allowedHosts") or ["localhost", "127.0.0.1"])
    return [
        Middleware(NoDelay),
        Middleware(TrustedHostMiddleware, allowed_hosts=allowed),
        Middleware(SecurityHeaders),
        Middleware(FrontEndFiles),
    ]
