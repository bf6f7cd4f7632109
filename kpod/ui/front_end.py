"""Streamlit's own scripts, styles and fonts, sent straight from their files: a first page asks for a hundred."""

from __future__ import annotations

import mimetypes
import re
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.responses import Response

_FILES = Path(st.__file__).parent / "static"
_PATH = re.compile(r"/static/(?:js|css|media)/[\w.~-]+")
# Their names carry a hash of their content, so what a browser has kept is never stale.
_HEADERS = {"Cache-Control": "public, immutable, max-age=31536000"}


class FrontEndFiles:
    """ASGI middleware that answers for a file of the front end at once and whole.

    Streamlit leads each file through its stack of handlers and a thread for every 64 KiB. Whatever else is asked for,
    in whatever way (a part of a file, another base path), is left to it.
    """

    def __init__(self, app: Any):
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        file = _file(scope)
        if file is None:
            await self.app(scope, receive, send)
            return
        media_type = mimetypes.guess_type(file.name)[0]
        await Response(file.read_bytes(), headers=_HEADERS, media_type=media_type)(scope, receive, send)


def script_names(*parts: str) -> list[str]:
    """The scripts of those parts of the front end, such as `PlotlyChart`, that there are; names as in its folder."""
    found = [next((_FILES / "static" / "js").glob(f"{part}.*.js"), None) for part in parts]
    return [path.name for path in found if path is not None]


def _file(scope: Any) -> Path | None:
    """The file that is asked for, where the whole of one of the front end is."""
    if scope["type"] != "http" or scope["method"] != "GET" or not _PATH.fullmatch(scope["path"]):
        return None
    if any(name == b"range" for name, _ in scope["headers"]):
        return None
    file = _FILES / scope["path"][1:]
    return file if file.is_file() else None
