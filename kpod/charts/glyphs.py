"""Small pictures for the pipeline, drawn from a run's own figures: SVG of numbers only, coloured by the page.

Each takes plain values and gives an `<svg>` of 120 by 44 units, for an image. An image knows nothing of the page around
it, so the colours are those that hold on light and dark alike.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence

import numpy as np

from kpod.charts.colour import ACCENT, ACCENT_SECOND, CATEGORIES, MISSING

WIDTH, HEIGHT = 120.0, 44.0


def bars(values: Sequence[float], colours: Sequence[str] | None = None) -> str:
    """One bar a value, from the bottom up; the largest fills the height. What is no number, or endless, counts as 0."""
    heights = np.asarray(values, dtype=float)
    heights = np.where(np.isfinite(heights), heights, 0.0)
    if not len(heights) or not heights.max() > 0:
        return _svg("")
    step = WIDTH / len(heights)
    parts = []
    for i, share in enumerate(heights / heights.max()):
        height = max(1.0, share * (HEIGHT - 2))
        paint = colours[i] if colours else ACCENT
        parts.append(
            f'<rect x="{i * step + step * 0.1:.1f}" y="{HEIGHT - height:.1f}" width="{step * 0.8:.1f}" '
            f'height="{height:.1f}" rx="1" fill="{paint}"/>'
        )
    return _svg("".join(parts))


def line(values: Sequence[float], second: Sequence[float] | None = None) -> str:
    """A curve from the lowest to the highest value; `second` is dashed, on the same scale."""
    both = np.concatenate([np.asarray(values, float), np.asarray(second if second is not None else [], float)])
    if len(values) < 2 or not np.isfinite(both).all():
        return _svg("")
    low, high = float(both.min()), float(both.max())
    parts = _curve(values, low, high, ACCENT)
    if second is not None:
        parts += _curve(second, low, high, ACCENT_SECOND, dashes="4 4")
    return _svg(parts)


def scatter(x: Sequence[float], y: Sequence[float], clusters: Sequence[int]) -> str:
    """Points coloured by cluster, at most 240 of them."""
    xs, ys, ks = (np.asarray(values, dtype=float) for values in (x, y, clusters))
    known = np.isfinite(xs) & np.isfinite(ys)
    xs, ys, ks = xs[known], ys[known], ks[known]
    if not len(xs):
        return _svg("")
    shown = np.unique(np.linspace(0, len(xs) - 1, 240).astype(int))
    xs, ys = _stretch(xs, 3, WIDTH - 3)[shown], _stretch(-ys, 3, HEIGHT - 3)[shown]
    return _svg(
        "".join(
            f'<circle cx="{px:.1f}" cy="{py:.1f}" r="2" fill="{CATEGORIES[int(k) % len(CATEGORIES)]}"/>'
            for px, py, k in zip(xs, ys, ks[shown], strict=True)
        )
    )


def intervals(rows: Sequence[tuple[float, float, float]]) -> str:
    """Accuracies with their intervals, one line each: (low, value, high), 0 to 1."""
    parts = []
    step = HEIGHT / (len(rows) + 1)
    for i, (low, value, high) in enumerate(rows):
        y = step * (i + 1)
        x0, x, x1 = (4 + share * (WIDTH - 8) for share in (low, value, high))
        paint = ACCENT if i == len(rows) - 1 else MISSING
        parts.append(
            f'<line x1="4" x2="{WIDTH - 4}" y1="{y:.1f}" y2="{y:.1f}" stroke="{MISSING}" stroke-opacity=".35"/>'
            f'<line x1="{x0:.1f}" x2="{x1:.1f}" y1="{y:.1f}" y2="{y:.1f}" stroke="{paint}" stroke-width="3"/>'
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{paint}"/>'
        )
    return _svg("".join(parts))


def svg_source(svg: str) -> str:
    """A drawing as the source of an `<img>`: Streamlit's HTML drops inline SVG."""
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()


def _curve(values: Sequence[float], low: float, high: float, colour: str, dashes: str = "") -> str:
    heights = np.asarray(values, dtype=float)
    xs = np.linspace(2, WIDTH - 2, len(heights))
    spread = high - low if high > low else 1.0
    ys = HEIGHT - 3 - (heights - low) / spread * (HEIGHT - 6)
    points = " ".join(f"{px:.1f},{py:.1f}" for px, py in zip(xs, ys, strict=True))
    dash = f' stroke-dasharray="{dashes}"' if dashes else ""
    return (
        f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2.5" stroke-linejoin="round"{dash}/>'
    )


def _stretch(values: np.ndarray, start: float, end: float) -> np.ndarray:
    spread = values.max() - values.min()
    return start + (values - values.min()) / (spread if spread > 0 else 1.0) * (end - start)


def _svg(content: str) -> str:
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:g} {HEIGHT:g}">{content}</svg>'
