"""Rationales side by side, each step with what its arithmetic shows; the first wrong step stands out."""

from __future__ import annotations

from fractions import Fraction

import streamlit as st

from kpod.charts.text import for_html
from kpod.step_checking import HOLDS, WRONG, CheckedStep, check_steps, first_wrong_step
from kpod.step_checking.equations import Equation

MAX_CHARACTERS = 20_000  # of an output that ran on
_MARKS = {HOLDS: ("✓", "the arithmetic holds"), WRONG: ("×", "the arithmetic is wrong")}
_NOT_CHECKED = ("○", "no arithmetic that could be checked")
LEGEND = (
    "✓ arithmetic holds · × arithmetic is wrong · ○ not checked, which says nothing of being right. Dotted "
    "numbers are neither in the question nor computed before."
)


def side_by_side(columns: list[tuple[str, str, str]], question: str, step_mode: str) -> None:
    """Columns of (title, what became of it, text), each text checked step by step; an empty text says so."""
    boxes = "".join(rationale_html(title, note, text, question, step_mode) for title, note, text in columns)
    st.html(f'<div class="kp-beside" style="--kp-columns: {len(columns)}">{boxes}</div>')
    st.caption(LEGEND)


def rationale_html(title: str, note: str, text: str, question: str, step_mode: str) -> str:
    """One column: its title, what became of it, and its steps."""
    text = text[:MAX_CHARACTERS]
    steps = check_steps(text, question, step_mode)
    first = first_wrong_step(steps)
    items = "".join(_step(text, step, is_first=number == first) for number, step in enumerate(steps))
    body = f"<ol>{items}</ol>" if items else '<p class="kp-quiet">Nothing was written.</p>'
    head = f"<h3>{for_html(title, 80)}</h3><span>{for_html(note, 120)}</span>"
    return f'<section class="kp-checked"><header>{head}</header>{body}</section>'


def _step(text: str, step: CheckedStep, *, is_first: bool) -> str:
    mark, meaning = _MARKS.get(step.verdict, _NOT_CHECKED)
    kind = {HOLDS: "holds", WRONG: "wrong"}.get(step.verdict, "unchecked")
    says = [_says(text, each) for each in step.equations if each.verdict == WRONG or each.is_rounded]
    remark = "".join(f"<em>{each}</em>" for each in says)
    flag = '<strong class="kp-first">first wrong step</strong>' if is_first else ""
    return (
        f'<li class="{kind}{" first" if is_first else ""}"><span class="kp-verdict" title="{meaning}" role="img" '
        f'aria-label="{meaning}">{mark}</span><div>{flag}<p>{_marked(text, step)}</p>{remark}</div></li>'
    )


def _says(text: str, equation: Equation) -> str:
    whole = text[equation.start : equation.end]
    left = whole.rpartition("=")[0].strip() or whole
    return for_html(f"{left} is {_number(equation.computed)}{', rounded' if equation.is_rounded else ''}", 160)


def _number(value: Fraction | None) -> str:
    if value is None:
        return "something else"
    return f"{value.numerator:,}" if value.denominator == 1 else f"{float(value):,.4g}"


def _marked(text: str, step: CheckedStep) -> str:
    """The step's text with its wrong equations and its unexplained numbers marked."""
    spans = [(e.start, e.end, '<mark title="wrong">', "</mark>") for e in step.equations if e.verdict == WRONG]
    hint = '<u title="neither in the question nor computed before">'
    spans += [(start, end, hint, "</u>") for start, end in step.unexplained]
    pieces, at = [], step.start
    for start, end, opening, closing in sorted(spans):
        if start < at:  # a number inside a wrong equation, which is marked already
            continue
        pieces += [for_html(text[at:start]), opening, for_html(text[start:end]), closing]
        at = end
    return "".join([*pieces, for_html(text[at : step.end])])
