"""The scales are even, monotone and legible, and categories stay apart for colour-blind readers."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from kpod.charts.colour import (
    CATEGORIES,
    RIGHT,
    WRONG,
    contrast,
    diverging,
    ink_on,
    oklab_lightness,
    plotly_scale,
    sequential,
)

PAGE = {False: "#ffffff", True: "#12161e"}  # backgroundColor of the two themes


@pytest.mark.parametrize("dark", [False, True])
def test_lightness_changes_evenly_and_in_one_direction(dark):
    lightness = np.array([oklab_lightness(colour) for colour in sequential(dark)])
    steps = np.diff(lightness) * (1 if dark else -1)
    assert (steps > 0).all()
    assert steps.max() - steps.min() < 0.006  # 8-bit channels round by about that much


@pytest.mark.parametrize("dark", [False, True])
def test_the_high_end_stands_out_and_the_low_end_recedes(dark):
    colours = sequential(dark)
    assert contrast(colours[-1], PAGE[dark]) > 7
    assert contrast(colours[0], PAGE[dark]) < 1.4


@pytest.mark.parametrize("dark", [False, True])
def test_text_on_every_colour_has_the_contrast_of_wcag_aa(dark):
    assert min(contrast(colour, ink_on(colour)) for colour in sequential(dark)) >= 4.5


def test_known_values_of_oklab_and_wcag():
    assert oklab_lightness("#ffffff") == pytest.approx(1.0, abs=1e-4)
    assert oklab_lightness("#000000") == pytest.approx(0.0, abs=1e-6)
    assert oklab_lightness("#ff0000") == pytest.approx(0.62796, abs=1e-4)
    assert contrast("#ffffff", "#000000") == pytest.approx(21.0)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.478, abs=1e-3)


@pytest.mark.parametrize("dark", [False, True])
def test_categories_are_visible_on_the_page(dark):
    # 3 to 1 is WCAG's bar for graphics; below it a colour must not stand alone
    assert all(contrast(colour, PAGE[dark]) >= 2.5 for colour in CATEGORIES)


# Linear RGB as a reader without one kind of cone sees it (Machado, Oliveira and Fernandes 2009, severity 1).
DEFICIENCIES = {
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
}


def seen(colour: str, kind: str) -> np.ndarray:
    channels = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    mixed = np.clip(np.array(DEFICIENCIES[kind]) @ linear, 0, 1)
    return np.where(mixed <= 0.0031308, 12.92 * mixed, 1.055 * mixed ** (1 / 2.4) - 0.055)


@pytest.mark.parametrize("kind", sorted(DEFICIENCIES))
def test_right_and_wrong_and_the_first_categories_stay_apart(kind):
    pairs = [(RIGHT, WRONG), *itertools.combinations(CATEGORIES[:3], 2)]
    assert min(np.linalg.norm(seen(a, kind) - seen(b, kind)) for a, b in pairs) > 0.15


@pytest.mark.parametrize("dark", [False, True])
def test_a_signed_scale_is_even_symmetric_and_recedes_at_zero(dark):
    colours = diverging(dark)
    middle = len(colours) // 2
    lightness = np.array([oklab_lightness(colour) for colour in colours])
    steps = np.diff(lightness[middle:]) * (1 if dark else -1)
    assert (steps > 0).all() and steps.max() - steps.min() < 0.008
    assert np.abs(lightness - lightness[::-1]).max() < 0.01  # the same size is as light on both sides
    assert contrast(colours[middle], PAGE[dark]) < 1.4
    # One ink on all of it: beside mid grey, where the ink changes, neither is read well whatever WCAG's figure says.
    assert {ink_on(colour) for colour in colours} == {"#ffffff" if dark else "#000000"}
    assert min(contrast(colour, ink_on(colour)) for colour in colours) >= 5


@pytest.mark.parametrize("kind", sorted(DEFICIENCIES))
@pytest.mark.parametrize("dark", [False, True])
def test_the_two_sides_of_a_signed_scale_stay_apart(kind, dark):
    colours = diverging(dark, 9)
    assert min(np.linalg.norm(seen(colours[i], kind) - seen(colours[-1 - i], kind)) for i in range(3)) > 0.15


def test_a_plotly_scale_runs_from_0_to_1():
    for start in (0.0, 0.15):
        scale = plotly_scale(False, start)
        assert scale[0][0] == 0.0 and scale[-1][0] == 1.0
        assert scale[-1][1] == sequential(False)[-1]
