"""Rationales side by side, each step with what its arithmetic shows; the first wrong step stands out."""

from __future__ import annotations

from fractions import Fraction

import streamlit as st

from kpod.charts.text import for_html
from kpod.step_checking import HOLDS, WRONG, CheckedStep, check_steps, first_wrong_step, numbers_apart
from kpod.step_checking.equations import Equation

MAX_CHARACTERS = 20_000  # of an output that ran on
_MARKS = {HOLDS: ("✓", "the arithmetic holds"), WRONG: ("×", "the arithmetic is wrong")}
_NOT_CHECKED = ("○", "no arithmetic that could be checked")
LEGEND = (
    "✓ arithmetic holds · × arithmetic is wrong · ○ not checked, which says nothing of being right. Dotted "
    "numbers are neither in the question nor computed before."
)
_APART = " Boxed ones are not in the teacher's rationale."


def side_by_side(
    columns: list[tuple[str, str, str]], question: str, step_mode: str, teacher: tuple[str, str] | None = None
) -> None:
    """Columns of (title, what became of it, text), each text checked step by step; an empty text says so.

    `teacher` is what became of the teacher's rationale, and its text: the first column, which others are held against.
    """
    boxes = [rationale_html(*column, question, step_mode, teacher[1] if teacher else None) for column in columns]
    if teacher:
        boxes.insert(0, rationale_html("Teacher or gold solution", *teacher, question, step_mode))
    st.html(f'<div class="kp-beside" style="--kp-columns: {len(boxes)}">{"".join(boxes)}</div>')
    st.caption(LEGEND + (_APART if teacher else ""))


def rationale_html(
    title: str, note: str, text: str, question: str, step_mode: str, reference: str | None = None
) -> str:
    """One column: its title, what became of it, and its steps; numbers that `reference` lacks are boxed."""
    text = text[:MAX_CHARACTERS]
    apart = [] if reference is None else numbers_apart(text, reference)
    steps = check_steps(text, question, step_mode)
    first = first_wrong_step(steps)
    items = "".join(_step(text, step, apart, is_first=number == first) for number, step in enumerate(steps))
    body = f"<ol>{items}</ol>" if items else '<p class="kp-quiet">Nothing was written.</p>'
    head = f"<h3>{for_html(title, 80)}</h3><span>{for_html(note, 120)}</span>"
    return f'<section class="kp-checked"><header>{head}</header>{body}</section>'


def _step(text: str, step: CheckedStep, apart: list[tuple[int, int]], *, is_first: bool) -> str:
    mark, meaning = _MARKS.get(step.verdict, _NOT_CHECKED)
    kind = {HOLDS: "holds", WRONG: "wrong"}.get(step.verdict, "unchecked")
    says = [_says(text, each) for each in step.equations if each.verdict == WRONG or each.is_rounded]
    remark = "".join(f"<em>{each}</em>" for each in says)
    flag = '<strong class="kp-first">first wrong step</strong>' if is_first else ""
    return (
        f'<li class="{kind}{" first" if is_first else ""}"><span class="kp-verdict" title="{meaning}" role="img" '
        f'aria-label="{meaning}">{mark}</span><div>{flag}<p>{_marked(text, step, apart)}</p>{remark}</div></li>'
    )


def _says(text: str, equation: Equation) -> str:
    whole = text[equation.start : equation.end]
    left = whole.rpartition("=")[0].strip() or whole
    return for_html(f"{left} is {_number(equation.computed)}{', rounded' if equation.is_rounded else ''}", 160)


def _number(value: Fraction | None) -> str:
    if value is None:
        return "something else"
    return f"{value.numerator:,}" if value.denominator == 1 else f"{float(value):,.4g}"


def _marked(text: str, step: CheckedStep, apart: list[tuple[int, int]]) -> str:
    """The step's text with its wrong equations, its unexplained numbers and those `apart` marked."""
    spans = [(e.start, e.end, '<mark title="wrong">', "</mark>") for e in step.equations if e.verdict == WRONG]
    hint = '<u title="neither in the question nor computed before">'
    box = '<b class="kp-apart" title="not in the teacher\'s rationale">'
    for start, end in sorted({*step.unexplained, *apart}):
        is_apart, is_unexplained = (start, end) in apart, (start, end) in step.unexplained
        if step.start <= start and end <= step.end:
            opening = box * is_apart + hint * is_unexplained
            spans.append((start, end, opening, "</u>" * is_unexplained + "</b>" * is_apart))
    pieces, at = [], step.start
    for start, end, opening, closing in sorted(spans):
        if start < at:  # a number inside a wrong equation, which is marked already
            continue
        pieces += [for_html(text[at:start]), opening, for_html(text[start:end]), closing]
        at = end
    return "".join([*pieces, for_html(text[at : step.end])])
