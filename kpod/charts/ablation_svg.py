"""The accuracies of an ablation's methods as SVG for a report: no browser, no script, legible on light and dark pages.

It brings its own light ground, because a README does not say whether the page around it is dark.
"""

from __future__ import annotations

import math
from html import escape

import pandas as pd

from kpod.ablation_store import CELL_COLUMNS
from kpod.charts.colour import ACCENT, ACCENT_SECOND, MISSING
from kpod.charts.text import one_line

WIDTH, LEFT, RIGHT, ROW = 760, 190, 150, 26
GROUND, INK, QUIET = "#ffffff", "#1f2430", "#5b6270"
_FONT = "font-family='system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif'"


def accuracy_svg(table: pd.DataFrame, summary: pd.DataFrame | None = None) -> str:
    """A panel an evaluation set (and value, where one is varied): methods by accuracy, the best on top.

    A point is the mean over seeds, a bar its 95% interval; the reference is a diamond, and a line through it lets the
    others be compared with it. `table` is an ablation's summary, or its accuracies by number of steps with the
    `summary`, whose order every panel then keeps.
    """
    keys = [column for column in (*CELL_COLUMNS, "evaluation_set", "num_steps") if column in table]
    panels = list(table.groupby(keys, sort=False))
    if summary is not None and "num_steps" in table:
        known = list(dict.fromkeys(summary.sort_values("accuracy", ascending=False, kind="stable")["label"]))
        of_the_reference = set(summary.loc[summary["is_reference"].astype(bool), "label"])
        panels = [
            (key, rows.assign(place=rows["label"].map(known.index), is_reference=rows["label"].isin(of_the_reference)))
            for key, rows in panels
        ]
        panels.sort(key=lambda panel: panel[0][-1])
    low, high = _range(table)
    parts, top = [], 16
    for key, rows in panels:
        drawn, height = _panel(rows, _title(dict(zip(keys, key, strict=True)), len(panels)), low, high)
        parts.append(f'<g transform="translate(0 {top})">{drawn}</g>')
        top += height + 14
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top}" width="{WIDTH}" height="{top}" '
        f'role="img" aria-label="Accuracy by method with 95% intervals" {_FONT} font-size="13">'
        f'<rect width="{WIDTH}" height="{top}" rx="8" fill="{GROUND}"/>{"".join(parts)}</svg>\n'
    )


def _panel(rows: pd.DataFrame, title: str, low: float, high: float) -> tuple[str, int]:
    """One panel and its height in pixels."""
    by, ascending = ("place", True) if "place" in rows else ("accuracy", False)
    ordered = rows.sort_values(by, ascending=ascending, kind="stable")
    head = 26 if title else 4
    bottom = head + ROW * len(ordered)
    parts = [_text(16, 14, title, INK, "start", bold=True)] if title else []
    for tick in _ticks(low, high):
        x = _place(tick, low, high)
        parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{head}" y2="{bottom}" stroke="#e3e6eb"/>')
        parts.append(_text(x, bottom + 16, f"{tick:.0%}", QUIET, "middle"))
    for reference in ordered.loc[ordered["is_reference"], "accuracy"]:
        x = _place(reference, low, high)
        parts.append(
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{head}" y2="{bottom}" stroke="{ACCENT}" stroke-dasharray="3 4"/>'
        )
    for number, row in enumerate(ordered.itertuples(index=False)):
        parts.append(_row(row, head + ROW * (number + 0.5), low, high))
    return "".join(parts), bottom + 22


def _row(row: object, y: float, low: float, high: float) -> str:
    """A method: its label, its interval with the mean on it, and both in figures."""
    x0, x, x1 = (_place(value, low, high) for value in (row.low, row.accuracy, row.high))
    colour = ACCENT if row.is_reference else ACCENT_SECOND
    mark = (
        f'<path d="M{x - 6:.1f} {y:.1f} L{x:.1f} {y - 6:.1f} L{x + 6:.1f} {y:.1f} L{x:.1f} {y + 6:.1f} Z" '
        if row.is_reference
        else f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" '
    )
    figures = f"{row.accuracy:.1%} ({100 * row.low:.1f} to {100 * row.high:.1f})"
    return (
        _text(LEFT - 12, y + 4.5, one_line(str(row.label), 28), INK, "end", bold=row.is_reference)
        + f'<line x1="{x0:.1f}" x2="{x1:.1f}" y1="{y:.1f}" y2="{y:.1f}" stroke="{MISSING}" stroke-width="2.5"/>'
        + f'{mark}fill="{colour}" stroke="{GROUND}"/>'
        + _text(WIDTH - 12, y + 4.5, figures, QUIET, "end")
    )


def _title(key: dict[str, object], num_panels: int) -> str:
    """What tells this panel from the others."""
    parts = [f"{key[CELL_COLUMNS[0]]}: {key[CELL_COLUMNS[1]]}"] if CELL_COLUMNS[0] in key else []
    if parts or num_panels > 1:
        parts.append(str(key["evaluation_set"]))
    if "num_steps" in key:
        parts.append(f"{key['num_steps']} step{'s' if key['num_steps'] != 1 else ''}")
    return " · ".join(one_line(part, 60) for part in parts)


def _range(summary: pd.DataFrame) -> tuple[float, float]:
    """From the lowest interval's end to the highest's, to whole tenths, at least two of them apart."""
    low = math.floor(10 * float(summary["low"].min())) / 10
    high = math.ceil(10 * float(summary["high"].max())) / 10
    low = min(low, 0.8)
    return low, max(high, low + 0.2)


def _ticks(low: float, high: float) -> list[float]:
    step = 0.05 if high - low <= 0.4 else 0.1 if high - low <= 0.7 else 0.2
    return [low + step * number for number in range(round((high - low) / step) + 1)]


def _place(value: float, low: float, high: float) -> float:
    return LEFT + (float(value) - low) / (high - low) * (WIDTH - LEFT - RIGHT - 10)


def _text(x: float, y: float, text: str, colour: str, anchor: str, *, bold: bool = False) -> str:
    weight = ' font-weight="600"' if bold else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="{colour}" text-anchor="{anchor}"{weight}>{escape(text)}</text>'
