"""Colours that colour-blind readers can tell apart, for light and dark pages.

The sequential scale is built in OKLCh: lightness changes by the same amount at every step (perceptually even), so it
reads without any sense of hue. High values stand out from the page: dark blue on light, bright yellow on dark.
"""

from __future__ import annotations

import math

import numpy as np

SCALE_STEPS = 65

# Okabe and Ito's qualitative palette, moved to a lightness that holds on white and on near-black alike.
CATEGORIES = ("#2f7ebc", "#d9822b", "#2a9d76", "#c65f9b", "#8a6fd1", "#7a8b2f", "#3aa6c4", "#b5543d")
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "star", "hexagon", "triangle-down")
RIGHT, WRONG, MISSING = "#2f7ebc", "#d9822b", "#8a909c"
ACCENT, ACCENT_SECOND = "#2f7ebc", "#d9822b"

# (lightness, chroma, hue in degrees) at the low end, the middle and the high end.
_LIGHT = ((0.975, 0.018, 100.0), (0.735, 0.095, 185.0), (0.400, 0.125, 262.0))
_DARK = ((0.290, 0.030, 265.0), (0.580, 0.095, 215.0), (0.930, 0.150, 100.0))
# Lightness in the middle and at both ends, and the largest chroma; hues of orange (below) and blue (above).
# The ends stay on one side of mid grey, on which no ink is read well: black ink on all of light, white on all of dark.
_LIGHT_SIGNED, _DARK_SIGNED, _SIGNED_HUES = (0.975, 0.680, 0.150), (0.270, 0.530, 0.125), (55.0, 255.0)


def sequential(dark: bool = False, steps: int = SCALE_STEPS) -> list[str]:
    """`steps` colours (`#rrggbb`) from 0 to 1; OKLab lightness falls (light) or rises (dark) evenly."""
    low, middle, high = _DARK if dark else _LIGHT
    colours = []
    for t in np.linspace(0.0, 1.0, steps):
        lightness = low[0] + t * (high[0] - low[0])
        chroma = float(np.interp(t, (0.0, 0.5, 1.0), (low[1], middle[1], high[1])))
        hue = float(np.interp(t, (0.0, 0.5, 1.0), (low[2], middle[2], high[2])))
        colours.append(_fit(lightness, chroma, hue))
    return colours


def diverging(dark: bool = False, steps: int = SCALE_STEPS) -> list[str]:
    """`steps` colours (an odd number) from -1 over 0 to 1: orange, the page's own, blue.

    Lightness depends on the size alone and changes evenly; the sign is the hue, and orange and blue stay apart for
    every kind of colour blindness. Signs must still be written out where they matter.
    """
    assert steps % 2 == 1, steps
    middle, end, chroma = _DARK_SIGNED if dark else _LIGHT_SIGNED
    below, above = _SIGNED_HUES
    return [
        _fit(middle + abs(t) * (end - middle), abs(t) * chroma, below if t < 0 else above)
        for t in np.linspace(-1.0, 1.0, steps).tolist()
    ]


def plotly_scale(dark: bool = False, start: float = 0.0) -> list[list[float | str]]:
    """`sequential` as a Plotly colour scale; `start` leaves out the palest share, for marks on the bare page."""
    fine = sequential(dark, 129)
    colours = [fine[round(128 * t)] for t in np.linspace(start, 1.0, 17)]
    return [[i / (len(colours) - 1), colour] for i, colour in enumerate(colours)]


def ink_on(colour: str) -> str:
    """Black or white, whichever has the higher contrast (WCAG 2) on a colour."""
    luminance = relative_luminance(colour)
    return "#000000" if (luminance + 0.05) ** 2 > 0.05 * 1.05 else "#ffffff"


def relative_luminance(colour: str) -> float:
    """WCAG 2 relative luminance of `#rrggbb`."""
    r, g, b = (_to_linear(int(colour[i : i + 2], 16) / 255) for i in (1, 3, 5))
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(first: str, second: str) -> float:
    """WCAG 2 contrast ratio of two colours, 1 to 21."""
    bright, dim = sorted((relative_luminance(first), relative_luminance(second)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def oklab_lightness(colour: str) -> float:
    """OKLab L of `#rrggbb`, 0 to 1 (Ottosson 2020)."""
    r, g, b = (_to_linear(int(colour[i : i + 2], 16) / 255) for i in (1, 3, 5))
    long = math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b)
    medium = math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b)
    short = math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b)
    return 0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short


def _fit(lightness: float, chroma: float, hue: float) -> str:
    """The colour, with chroma lowered until it exists in sRGB; lightness is kept."""
    while True:
        channels = _to_srgb(lightness, chroma, hue)
        if all(-1e-4 <= c <= 1 + 1e-4 for c in channels) or chroma < 1e-3:
            return "#" + "".join(f"{round(255 * min(1.0, max(0.0, c))):02x}" for c in channels)
        chroma *= 0.97


def _to_srgb(lightness: float, chroma: float, hue: float) -> tuple[float, float, float]:
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        _from_linear(4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short),
        _from_linear(-1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short),
        _from_linear(-0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short),
    )


def _to_linear(c: float) -> float:
    return c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4


def _from_linear(c: float) -> float:
    return 12.92 * c if c <= 0.0031308 else 1.055 * c ** (1 / 2.4) - 0.055
