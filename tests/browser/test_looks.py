"""How every page and view looks: no text cut off, covered, outside of the window or faint; both sizes and schemes.

Pictures of all of them stay in `$KPOD_SCREENSHOTS` (by default `build/screenshots`), to be looked at. The texts of
tables are painted on a canvas and are not seen here.
"""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from tests.support.app_browser import PAGES

pytestmark = pytest.mark.browser

SMALL, LARGE = (1366, 768), (1920, 1080)
# Each view: its page, what shows that it is drawn ("" for the page's own main part), and the rest of its address.
VIEWS = {name: (name, "", {}) for name in PAGES} | {
    "distill-weights": ("distill", "", {"group": "weights", "panel": "schedule"}),
    "distill-data": ("distill", "", {"group": "data", "panel": "configuration"}),
    "distill-run": ("distill", "", {"group": "run", "panel": "changes"}),
    "distill-progress": ("distill", ".kp-stages", {"view": "progress"}),
    "distill-load": ("distill", ".kp-empty", {"view": "load"}),
    "distill-teach": ("distill", ".kp-section", {"view": "teach"}),
    "keypoints-words": ("keypoints", "", {"unit": "words", "token": "8"}),
    "keypoints-compare": ("keypoints", ".st-key-agreement .plot-container", {"view": "Compare"}),
    "keypoints-concordance": ("keypoints", ".st-key-concordance .row", {"view": "Concordance", "search": "trees"}),
    "keypoints-corpus": ("keypoints", ".st-key-words canvas", {"view": "Corpus"}),
    "curriculum-by-difficulty": ("curriculum", ".st-key-matrix .swatch.narrow", {"cells": "difficulty"}),
    "curriculum-difficulty": ("curriculum", ".kp-path", {"view": "Difficulty"}),
    "curriculum-what-if": ("curriculum", ".plot-container", {"view": "What if"}),
    "results-questions": ("results", ".kp-beside", {"view": "Questions"}),
    "results-two-runs": ("results", ".kp-four", {"view": "Two runs"}),
    "results-all-runs": ("results", ".st-key-csv-all-runs", {"view": "All runs"}),
    "results-sensitivity": ("results", "[data-testid=stMain] .kp-head", {"view": "Sensitivity"}),
    "results-cost": ("results", ".st-key-costs .plot-container", {"view": "Cost"}),
    "results-ablations": ("results", ".st-key-ablation-methods .plot-container", {"view": "Ablations"}),
    "results-ablations-varied": (
        "results",
        ".st-key-ablation-across-difference .plot-container",
        {"view": "Ablations", "ablation": "worlds"},
    ),
}
PLANTED = {
    '<div style="width: 5rem; overflow: hidden; white-space: nowrap">much longer than its box</div>': "cut off",
    '<div style="width: 5rem; overflow: hidden"><p style="margin-left: 9rem">pushed out of its box</p></div>': "hidden",
    '<div style="display: grid; width: 9rem"><i style="grid-area: 1/1">one</i><i style="grid-area: 1/1">on</i></div>': (
        "overlap"
    ),
    '<div style="position: fixed; left: calc(100vw - 2rem); white-space: nowrap">beyond</div>': "outside of the window",
    '<p style="color: #999; background: #fff">too faint</p>': "faint",
    '<input value="longer than it is wide" style="width: 4rem; text-overflow: clip">': "cut off",
    '<svg width="30" height="20"><text y="15" fill="#555">wider than the figure</text></svg>': "cut off",
}


@pytest.mark.parametrize("name", VIEWS)
def test_nothing_is_cut_off_covered_or_faint(watch, run_ids, name):
    page, mark, address = VIEWS[name]
    watched = watch().open(page, mark=mark, run=run_ids["whole"], question="q009", **address)
    found = {}
    for size, scheme in ((SMALL, "light"), (SMALL, "dark"), (LARGE, "dark"), (LARGE, "light")):
        if name not in PAGES and (size == SMALL) != (scheme == "light"):
            continue  # a size and a scheme have nothing to do with each other: two of the four show both
        watched.change(*size, scheme)
        found |= dict.fromkeys(watched.flaws(), f"{scheme} {size[0]}x{size[1]}")
        watched.shoot(f"{name}-{scheme}-{size[0]}x{size[1]}", whole=True)
        assert watched.scroll_excess() <= 0, (size, scheme)
    assert found == {}


def test_hostile_texts_make_no_page_wider(watch, run_ids):
    watched = watch()
    for name in PAGES:
        watched.open(name, run=run_ids["hostile"], question="q010")  # 300 letters without a break
        for size, scheme in ((SMALL, "light"), (LARGE, "dark")):
            watched.change(*size, scheme)
            assert watched.scroll_excess() <= 0, (name, size)


def test_a_picture_of_a_whole_page_has_its_lower_part_and_leaves_the_window_as_it_was(
    watch, run_ids, monkeypatch, tmp_path
):
    monkeypatch.setattr("tests.support.app_browser.SCREENSHOTS", tmp_path)
    watched = watch().open("keypoints", mark=".st-key-words canvas", run=run_ids["whole"], view="Corpus")
    high = watched.content_height()
    watched.shoot("corpus", whole=True)
    sizes = {path.name: png_size(path) for path in tmp_path.iterdir()}
    assert sizes["corpus.png"] == SMALL and high > 2 * SMALL[1]
    assert sizes["corpus-whole.png"] == (SMALL[0], high)
    assert watched.page.viewport_size == {"width": SMALL[0], "height": SMALL[1]}


def png_size(path: Path) -> tuple[int, int]:
    return struct.unpack(">II", path.read_bytes()[16:24])


def test_a_planted_flaw_is_found(watch, run_ids, monkeypatch):
    monkeypatch.setattr("tests.support.app_browser.LOOKS", 1)
    watched = watch().open("results", mark=".st-key-csv-all-runs", run=run_ids["whole"], view="All runs")
    plant = "html => document.querySelector('[data-testid=stMain] .kp-head').insertAdjacentHTML('beforeend', html)"
    for html, kind in PLANTED.items():
        watched.page.evaluate(plant, html)
        assert any(flaw.startswith(kind) for flaw in watched.flaws()), html
        watched.page.evaluate("() => document.querySelector('[data-testid=stMain] .kp-head').lastElementChild.remove()")
