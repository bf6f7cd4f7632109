"""The clusters' names on the map: painted, as many as there is room for, and never on the question that is chosen."""

from __future__ import annotations

import pytest

from kpod.run_store import load_run

pytestmark = pytest.mark.browser

ZOOMS = 14
# Keeps what the map's canvas was told to write and which circles to draw since it was last cleared.
LISTEN = """() => {
  const pen = CanvasRenderingContext2D.prototype
  const isMap = context => context.canvas.parentElement?.className === "frame"
  window.painted = { texts: [], circles: [] }
  for (const [name, note] of Object.entries({
    clearRect() { window.painted = { texts: [], circles: [] } },
    fillText(text, x, y) {
      const { actualBoundingBoxAscent: up, actualBoundingBoxDescent: down, width } = this.measureText(text)
      window.painted.texts.push({ text, left: x - width / 2, right: x + width / 2, top: y - up, bottom: y + down })
    },
    arc(x, y, radius) { window.painted.circles.push({ x, y, radius }) },
  })) {
    const own = pen[name]
    pen[name] = function (...told) { if (isMap(this)) note.apply(this, told); return own.apply(this, told) }
  }
}"""
SETTLED = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"


def central_questions(run) -> list[str]:
    """Of every cluster the question that is nearest to its middle, where a name would stand on it."""
    placed = run.questions.dropna(subset=["x", "y"])
    middle = placed.groupby("cluster")[["x", "y"]].transform("median")
    far = (placed[["x", "y"]] - middle).pow(2).sum(axis=1)
    return placed.loc[far.groupby(placed["cluster"]).idxmin(), "question"].tolist()


def covering(page) -> tuple[list[str], int, tuple[float, float]]:
    """The names that touch the mark of the chosen question, how many names there are, and where that question is."""
    page.evaluate(SETTLED)
    painted = page.evaluate("() => window.painted")
    mark = max(painted["circles"], key=lambda circle: circle["radius"])  # the ring around it is the largest
    x, y, radius = mark["x"], mark["y"], mark["radius"]
    found = []
    for name in painted["texts"]:
        aside = max(name["left"] - x, 0, x - name["right"])
        above = max(name["top"] - y, 0, y - name["bottom"])
        if aside**2 + above**2 < radius**2:
            found.append(name["text"])
    return found, len(painted["texts"]), (x, y)


@pytest.mark.parametrize(("cluster", "size"), [(0, "1"), (0, "4"), (2, "4")])
def test_no_name_covers_the_chosen_question_however_near_one_looks(watch, run_ids, runs, cluster, size):
    question = central_questions(load_run(runs / "whole"))[cluster]
    watched = watch()
    watched.page.add_init_script(f"({LISTEN})()")
    watched.open("questions", run=run_ids["whole"], question=question, size=size)
    page = watched.page
    box = page.locator(".st-key-map canvas").bounding_box()
    covered, count, (x, y) = covering(page)
    assert count == 5
    page.mouse.move(box["x"] + x, box["y"] + y)
    for zoom in range(ZOOMS):
        assert covered == [], zoom
        page.mouse.wheel(0, -250)
        covered, count, _ = covering(page)
    assert covered == []


def test_names_make_way_for_the_question_that_is_clicked(watch, run_ids):
    watched = watch()
    watched.page.add_init_script(f"({LISTEN})()")
    watched.open("questions", run=run_ids["whole"], question="q005")
    page = watched.page
    canvas = page.locator(".st-key-map canvas")
    for at in range(3):
        page.evaluate(SETTLED)
        painted = page.evaluate("() => window.painted")
        box = canvas.bounding_box()
        points = [(circle["x"], circle["y"]) for circle in painted["circles"] if circle["radius"] < 12]
        name = painted["texts"][at]
        middle = (name["left"] + name["right"]) / 2, (name["top"] + name["bottom"]) / 2
        near = min(points, key=lambda point: (point[0] - middle[0]) ** 2 + (point[1] - middle[1]) ** 2)
        page.mouse.click(box["x"] + near[0], box["y"] + near[1])
        watched.settle()
        assert covering(page)[0] == []
