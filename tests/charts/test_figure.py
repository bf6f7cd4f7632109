"""What all figures share."""

from __future__ import annotations

import pytest

from kpod.charts.colour import contrast
from kpod.charts.figure import MODEBAR, new_figure


@pytest.mark.parametrize("page", ["#ffffff", "#12161e"])  # backgroundColor of the two themes
def test_the_bar_above_a_figure_has_no_ground_of_its_own_and_icons_that_are_seen(page):
    bar = new_figure(200).layout.modebar
    assert bar.bgcolor == "rgba(0,0,0,0)" and bar.color == MODEBAR
    assert contrast(bar.color, page) >= 3 and contrast(bar.activecolor, page) >= 3  # WCAG 2, for graphics
