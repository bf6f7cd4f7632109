"""The small drawings: well-formed, of numbers only, and true to them."""

from __future__ import annotations

import base64
from xml.etree import ElementTree

import numpy as np
import pytest

from kpod.charts import glyphs


def elements(svg: str) -> list[ElementTree.Element]:
    return list(ElementTree.fromstring(svg))


def test_bars_are_as_high_as_their_values():
    heights = [float(bar.get("height")) for bar in elements(glyphs.bars([1, 2, 4]))]
    assert heights == pytest.approx([10.5, 21.0, 42.0])


@pytest.mark.filterwarnings("error")
def test_a_value_that_is_no_number_or_endless_counts_as_nothing():
    bars = elements(glyphs.bars([1, np.inf, np.nan, 2]))
    assert [float(bar.get("height")) for bar in bars] == pytest.approx([21.0, 1.0, 1.0, 42.0])
    assert elements(glyphs.bars([np.inf, np.nan])) == []


def test_a_line_runs_from_low_to_high():
    points = elements(glyphs.line([0, 1, 2]))[0].get("points").split()
    ys = [float(point.split(",")[1]) for point in points]
    assert ys == [41.0, 22.0, 3.0]


def test_an_interval_covers_its_share():
    low, high = (float(elements(glyphs.intervals([(0.25, 0.5, 0.75)]))[1].get(x)) for x in ("x1", "x2"))
    assert (low, high) == (32.0, 88.0)


@pytest.mark.parametrize(
    "svg",
    [
        glyphs.bars([]),
        glyphs.bars([0, 0]),
        glyphs.line([1]),
        glyphs.line([1, float("nan")]),
        glyphs.scatter([np.nan], [1], [0]),
        glyphs.scatter([1, 1], [2, 2], [0, 1]),
    ],
)
def test_nothing_to_draw_is_still_a_picture(svg):
    assert ElementTree.fromstring(svg).tag.endswith("svg")


def test_a_source_decodes_to_the_drawing():
    svg = glyphs.bars([1])
    assert base64.b64decode(glyphs.svg_source(svg).split(",")[1]).decode() == svg
