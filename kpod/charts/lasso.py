"""A lasso on the map of questions: read from the browser or the address, and what lies in it."""

from __future__ import annotations

from typing import Any

import numpy as np

MAX_CORNERS = 400  # the browser thins a lasso to some dozens; an address should stay short enough to send


def read_polygon(value: Any) -> np.ndarray | None:
    """The lasso that the browser sent, as (corners, 2); None where it is no polygon of finite numbers."""
    try:
        polygon = np.asarray(value, dtype=float)
    except (TypeError, ValueError, OverflowError):
        return None
    shape_holds = polygon.ndim == 2 and polygon.shape[1] == 2 and 3 <= len(polygon) <= MAX_CORNERS
    return polygon if shape_holds and np.isfinite(polygon).all() else None


def polygon_text(polygon: np.ndarray) -> str:
    """A polygon for the address, `x_y~x_y~x_y`; `parse_polygon` reads it."""
    return "~".join(f"{x:.5g}_{y:.5g}" for x, y in polygon)


def parse_polygon(text: str | None) -> np.ndarray | None:
    """The polygon that `polygon_text` wrote; None for anything else."""
    if not text or len(text) > 32 * MAX_CORNERS:
        return None
    return read_polygon([corner.split("_") for corner in text.split("~")])


def inside_polygon(x: np.ndarray, y: np.ndarray, polygon: np.ndarray) -> np.ndarray:
    """Which points lie in a polygon of shape (corners, 2), by the even-odd rule. O(points * corners)."""
    inside = np.zeros(len(x), dtype=bool)
    for (x0, y0), (x1, y1) in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        if y0 == y1:
            continue
        crosses = (y0 > y) != (y1 > y)
        inside ^= crosses & (x < (x1 - x0) * (y - y0) / (y1 - y0) + x0)
    return inside
