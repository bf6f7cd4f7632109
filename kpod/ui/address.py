"""The address and the page say the same: what is chosen is written into it, and what it names is chosen.

Streamlit's own binding of widgets writes an option's *label* into the address. A run's label holds its name and status,
which change and can be anybody's text; a link must hold the id. So ids are kept in step here, by hand.
"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st


def settle(name: str, options: Sequence[str], default: str | None = None) -> str:
    """Bring the parameter `name` and `st.session_state[name]` together; call before the widget of that key.

    The address wins where it changed since the last run of the page (a link, the browser's back and forward) and where
    the widget says nothing valid (its labels changed under it); else the widget does. Garbage on both sides falls back
    to `default`, where that is an option, else to the first.
    """
    asked, seen = st.query_params.get(name), st.session_state.get(_seen(name))
    value = st.session_state.get(name)
    if asked in options and (asked != seen or value not in options):
        value = asked
    if value not in options:
        value = default if default in options else options[0]
    st.session_state[name] = value
    write(**{name: value})
    return value


def settle_several(name: str, options: Sequence[str]) -> list[str]:
    """As `settle`, for a choice of any number of the options: the parameter once for each. Garbage is left out."""
    asked, seen = st.query_params.get_all(name), st.session_state.get(_seen(name))
    value = st.session_state.get(name)
    if value is None or asked != (seen or []):
        value = asked
    value = [option for option in dict.fromkeys(value) if option in options]
    st.session_state[name] = value
    if asked != value:
        if value:
            st.query_params[name] = value
        else:
            st.query_params.pop(name, None)
    st.session_state[_seen(name)] = value
    return value


def write(**parameters: str | None) -> None:
    """Put parameters into the address; None takes one out."""
    for name, value in parameters.items():
        if value is None:
            st.query_params.pop(name, None)
        elif st.query_params.get(name) != value:
            st.query_params[name] = value
        st.session_state[_seen(name)] = value


def read_number(name: str, default: float, low: float, high: float) -> float:
    """A number from the address; garbage and what is out of range fall back to the default."""
    try:
        value = float(st.query_params.get(name, default))
    except ValueError:
        return default
    return value if low <= value <= high else default


def read_choice(name: str, options: Sequence[str], default: int) -> int:
    """The index of the option that the address names, else the default."""
    value = st.query_params.get(name)
    return options.index(value) if value in options else default


def _seen(name: str) -> str:
    return f"address {name}"
