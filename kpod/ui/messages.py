"""What an action of a callback came to: kept for the page that is drawn next, and shown there once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from kpod.charts.text import one_line
from kpod.errors import InputError
from kpod.ui import parts

_MESSAGE = "message of an action"


@contextmanager
def told(title: str) -> Iterator[None]:
    """Keeps an InputError of a callback as a message for the page."""
    try:
        yield
    except InputError as error:
        tell("error", title, str(error))


def tell(kind: str, title: str, text: str) -> None:
    """Say something on the page that is drawn next; kind is info, warning or error."""
    st.session_state[_MESSAGE] = (kind, title, text)


def show_message() -> None:
    """What the last action came to, once."""
    message = st.session_state.pop(_MESSAGE, None)
    if message is not None:
        kind, title, text = message
        parts.notice(kind, title, one_line(text, 600) if kind == "info" else text)
