"""The configuration that the Distill page works on: a preset and the form's values, kept in session and address."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from kpod import presets
from kpod.config import RunConfig
from kpod.config_forms import (
    FormField,
    assignments_of,
    config_of,
    config_of_assignments,
    differences,
    form_fields,
    problems_of,
    values_of,
)
from kpod.errors import InputError
from kpod.ui import address

_DRAFT, _REFUSED = "draft", "draft refused"
LONGEST_ADDRESS = 4_000  # characters of settings; browsers and proxies take more, mail programs hardly
_LEFT, ECHO_SECONDS = "address draft left", 5.0  # the address before the last, and how long a browser may still say it


@dataclass
class Draft:
    """A preset and what the form says; `version` goes up when all widgets must take new values."""

    preset: str
    values: dict[str, Any] = field(default_factory=dict)

    @property
    def base(self) -> RunConfig:
        return presets.get(self.preset)

    def changed(self) -> dict[str, tuple[Any, Any]]:
        """The preset's value and the form's, for every setting that is not as in the preset."""
        return differences(self.values, self.base)

    def problems(self) -> dict[str, str]:
        return problems_of(self.values)

    def config(self) -> RunConfig | None:
        """The configuration, or None while a value is none that it can have."""
        return None if self.problems() else config_of(self.values)


def default_preset() -> str:
    """The preset of the one big button: the first that is listed."""
    return next(iter(presets.PRESETS))


def current() -> Draft:
    """The draft of this session: as the address says where that changed, else as it was left."""
    asked = _asked()
    if asked is not None and asked != st.session_state.get(_address_seen()) and not _is_echo(asked):
        st.session_state[_address_seen()] = asked
        preset, assignments = asked
        try:
            load(config_of_assignments(preset, assignments), preset)
        except InputError as error:
            st.session_state[_REFUSED] = f"The address asks for settings that cannot be: {error}"
    if _DRAFT not in st.session_state:
        choose_preset(default_preset())
    return st.session_state[_DRAFT]


def choose_preset(name: str) -> None:
    load(presets.get(name), name)


def load(config: RunConfig, preset: str | None = None) -> None:
    """Make a configuration the draft; changes are counted from `preset`, by default from the draft's own."""
    if preset is None:
        preset = st.session_state[_DRAFT].preset if _DRAFT in st.session_state else default_preset()
    st.session_state[_DRAFT] = Draft(preset, values_of(config))


def change(path: str, value: Any) -> None:
    """Set one setting of the draft; for callbacks."""
    st.session_state[_DRAFT].values[path] = value


def reset(paths: Sequence[str]) -> None:
    """Set settings back to the preset's values; for callbacks."""
    draft: Draft = st.session_state[_DRAFT]
    before = values_of(draft.base)
    draft.values.update({path: before[path] for path in paths})


def write_address(draft: Draft, config: RunConfig | None) -> None:
    """Put preset and changed settings into the address, so that a link opens the same form."""
    if config is None:
        return
    assignments = assignments_of(config, draft.preset)
    if sum(map(len, assignments)) > LONGEST_ADDRESS:
        assignments = []
    written, before = (draft.preset, tuple(assignments)), st.session_state.get(_address_seen())
    if before != written:
        left = st.session_state.setdefault(_LEFT, {})
        left[before] = time.monotonic()
        left.pop(written, None)
    st.session_state[_address_seen()] = written
    address.write(preset=draft.preset)
    if st.query_params.get_all("set") != assignments:
        if assignments:
            st.query_params["set"] = assignments
        else:
            st.query_params.pop("set", None)


def refused() -> str | None:
    """What was wrong with the settings that the address asked for, once."""
    return st.session_state.pop(_REFUSED, None)


def fields_by_group() -> Mapping[str, list[FormField]]:
    """The settings by group, in order."""
    groups: dict[str, list[FormField]] = {}
    for each in form_fields():
        groups.setdefault(each.group, []).append(each)
    return groups


def _asked() -> tuple[str, tuple[str, ...]] | None:
    preset, assignments = st.query_params.get("preset"), tuple(st.query_params.get_all("set"))
    if preset is None and not assignments:
        return None
    return preset or default_preset(), assignments


def _is_echo(asked: tuple[str, tuple[str, ...]]) -> bool:
    """Whether the browser still says an address that was just replaced: a reader was quicker than its way there.

    Taken for a wish, it would take back the reader's last change.
    """
    left: dict = st.session_state.get(_LEFT, {})
    now = time.monotonic()
    for old in [old for old, when in left.items() if now - when > ECHO_SECONDS]:
        del left[old]
    return asked in left


def _address_seen() -> str:
    return "address draft"
