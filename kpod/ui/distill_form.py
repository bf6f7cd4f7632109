"""The settings of a run as a form: one group at a time, every setting with its unit and the paper's value."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import streamlit as st
import yaml

from kpod.charts.text import for_html, one_line
from kpod.config_forms import FormField, group_title
from kpod.config_weights import SET_BY_PAPER_MODE
from kpod.config_yaml import dump_yaml, read_value
from kpod.paper_settings import NOT_STATED, OF_THIS_PROGRAM
from kpod.ui import address, parts
from kpod.ui.distill_data import data_source
from kpod.ui.distill_draft import Draft, change, fields_by_group, reset
from kpod.ui.distill_method import method_card

COLUMNS = 3
SIDE_BY_SIDE = 24  # characters of choices that fit beside each other, with four for each border
_EMPTY = "none"
_SET_BY_THE_MODE = {f"weights.{name}" for name in SET_BY_PAPER_MODE}


def settings_form(draft: Draft, problems: dict[str, str], group: str) -> None:
    """The settings of one group; `problems` by setting."""
    changed = draft.changed()
    title, purpose = group_title(group)
    with st.container(horizontal=True, vertical_alignment="bottom", key="group-head"):
        parts.section(title, purpose)
        mine = [path for path in changed if path.rpartition(".")[0] == group]
        st.button(
            "Reset these",
            icon=":material/undo:",
            key="reset-group",
            type="tertiary",
            disabled=not mine,
            help=f"Back to the preset's values: {len(mine)} changed in this group.",
            on_click=reset,
            args=(mine,),
        )
    fields = fields_by_group()[group]
    if group == "data":
        data_source(draft, problems.get("data.source"))
        st.html(f'<div class="kp-setting">{_paper(next(each for each in fields if each.path == "data.source"))}</div>')
        fields = [each for each in fields if each.path != "data.source"]
    for start in range(0, len(fields), COLUMNS):
        for column, each in zip(st.columns(COLUMNS, gap="medium"), fields[start : start + COLUMNS], strict=False):
            with column:
                _setting(each, draft, changed.get(each.path), problems.get(each.path))
    if group == "":
        method_card(draft.values["method"])


def pick_group(draft: Draft, problems: dict[str, str]) -> str:
    """The choice of a group of settings; each says how many of its settings are changed or wrong."""
    names = {group or "run": group for group in fields_by_group()}
    changed = draft.changed()
    address.settle("group", list(names))
    chosen = st.pills(
        "Settings",
        list(names),
        format_func=lambda name: _group_label(names[name], changed, problems),
        required=True,
        key="group",
        label_visibility="collapsed",
    )
    return names[chosen]


def value_text(value: Any) -> str:
    """A value as a reader of the form would write it."""
    if value is None:
        return _EMPTY
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, float) else one_line(str(value), 60)


def _group_label(group: str, changed: dict[str, Any], problems: dict[str, str]) -> str:
    title, _ = group_title(group)
    wrong = sum(path.rpartition(".")[0] == group for path in problems if path)
    if wrong:
        return f"{title} :material/error: {wrong}"
    count = sum(path.rpartition(".")[0] == group for path in changed)
    return f"{title} • {count}" if count else title


def _setting(each: FormField, draft: Draft, changed: tuple[Any, Any] | None, problem: str | None) -> None:
    """One setting: its widget, and under it what it means, the paper's value, and what is changed or wrong."""
    key = f"set-{each.path}"
    unit = f" · {each.unit}" if each.unit and each.unit not in each.label.lower() else ""
    _widget(each, key, f"{each.label}{unit}", draft.values[each.path])
    notes = [f"<span>{for_html(_sentence(each.description))}</span>"]
    if each.path not in OF_THIS_PROGRAM:
        notes.append(_paper(each))
    if draft.values["weights.mode"] == "paper" and each.path in _SET_BY_THE_MODE:
        notes.append('<span class="changed">not used: Mode sets it to the paper’s value</span>')
    if changed is not None:
        notes.append(f'<span class="changed">● changed from {for_html(value_text(changed[0]))}</span>')
    if problem is not None:
        notes.append(f'<span class="wrong" role="alert">✕ {for_html(problem, 300)}</span>')
    st.html(f'<div class="kp-setting">{"".join(notes)}</div>')


def paper_says(each: FormField) -> str | None:
    """What the paper states about a setting; None where it states nothing."""
    if each.stated is not None:
        return each.stated
    return None if each.paper is None else value_text(each.paper)


def _paper(each: FormField) -> str:
    says = paper_says(each)
    if says is None:
        return f'<span class="unstated">paper: {NOT_STATED}</span>'
    return f'<span class="paper">paper: {for_html(says, 160)}</span>'


def _sentence(text: str) -> str:
    """With a capital, but for a symbol such as p."""
    return text if len(text.partition(" ")[0]) == 1 else text[:1].upper() + text[1:]


def _keep(path: str, key: str, kind: str, optional: bool) -> None:
    """A widget's new value becomes the draft's."""
    value = st.session_state[key]
    if kind == "other":
        with suppress(yaml.YAMLError):  # what is no YAML stays text, which the configuration refuses by name
            value = read_value(value)
    if optional and value == "":
        value = None
    change(path, value)


def _widget(each: FormField, key: str, label: str, value: Any) -> None:
    shown = _shown(each, value)
    drawn = f"{key} drawn"
    if key in st.session_state and st.session_state[key] != shown and st.session_state.get(drawn) == shown:
        # A change whose script was stopped before it had called back, by what the reader did next.
        _keep(each.path, key, each.kind, each.optional)
    elif key not in st.session_state or st.session_state[key] != shown:
        st.session_state[key] = shown
    st.session_state[drawn] = st.session_state[key]
    common: dict[str, Any] = {"key": key, "on_change": _keep, "args": (each.path, key, each.kind, each.optional)}
    if each.kind == "flag":
        st.toggle(label, **common)
    elif each.kind == "choice":
        _choice(each, label, shown, common)
    elif each.kind in ("whole", "number"):
        _number(each, label, shown, common)
    else:
        limit = each.bounds.get("max_length", 2_000)
        st.text_input(label, placeholder=_placeholder(each), max_chars=limit, **common)


def _choice(each: FormField, label: str, shown: Any, common: dict[str, Any]) -> None:
    options = list(each.choices)
    if shown is not None and shown not in options:
        options.append(shown)
    if sum(len(option) + 4 for option in options) <= SIDE_BY_SIDE and not (each.optional or each.is_open):
        st.segmented_control(label, options, required=True, **common)
        return
    st.selectbox(
        label,
        options,
        format_func=lambda option: one_line(each.choice_labels.get(option, str(option)), 80),
        accept_new_options=each.is_open,
        placeholder=_placeholder(each),
        filter_mode="contains",
        **({"index": None} if each.optional else {}),
        **common,
    )


def _number(each: FormField, label: str, shown: Any, common: dict[str, Any]) -> None:
    whole = each.kind == "whole"
    kind = int if whole else float
    bounds = each.bounds
    low, high = bounds.get("ge"), bounds.get("le")
    if whole and "lt" in bounds:
        high = bounds["lt"] - 1
    st.number_input(
        label,
        min_value=None if low is None else kind(low),
        max_value=None if high is None else kind(high),
        step=1 if whole else _step(each.default),
        format=None if whole else "%g",
        placeholder=_placeholder(each),
        **({"value": None} if each.optional else {}),
        **common,
    )


def _step(value: float | None) -> float:
    """A tenth of the value's leading power of ten: 0.5 goes by 0.01 and 0.0005 by 0.00001."""
    if not value:
        return 0.1
    return float(f"1e{int(f'{abs(value):e}'.partition('e')[2]) - 1}")


def _placeholder(each: FormField) -> str:
    if not each.optional:
        return ""
    return f"{_EMPTY}: {each.none_means}" if each.none_means else _EMPTY


def _shown(each: FormField, value: Any) -> Any:
    """What the widget of a setting holds for a value of it."""
    if each.kind == "number" and value is not None:
        return float(value)
    if each.kind == "text":
        return "" if value is None else str(value)
    if each.kind == "other":
        return "" if value is None else dump_yaml(value, default_flow_style=True, width=float("inf")).strip()
    return value
