"""The figure of an ablation as SVG: well-formed, sorted, with every interval in its place and names as names."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pandas as pd
import pytest

from kpod.charts.ablation_svg import accuracy_svg

SVG = "{http://www.w3.org/2000/svg}"


def summary(labels: list[str], accuracy: list[float], **columns) -> pd.DataFrame:
    frame = pd.DataFrame({"label": labels, "accuracy": accuracy, "evaluation_set": "test"})
    frame = frame.assign(low=frame["accuracy"] - 0.05, high=frame["accuracy"] + 0.05)
    return frame.assign(is_reference=[label == "Plain" for label in labels], **columns)


def texts(svg: str) -> list[str]:
    return [node.text for node in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def test_methods_stand_in_the_order_of_their_accuracy_with_the_reference_marked():
    svg = accuracy_svg(summary(["KPOD", "Plain", "ICL"], [0.52, 0.61, 0.57]))
    told = texts(svg)
    assert [text for text in told if text in ("KPOD", "Plain", "ICL")] == ["Plain", "ICL", "KPOD"]
    assert "61.0% (56.0 to 66.0)" in told and "test" not in told  # one panel needs no name
    root = ElementTree.fromstring(svg)
    (diamond,), circles = list(root.iter(f"{SVG}path")), list(root.iter(f"{SVG}circle"))
    assert len(circles) == 2
    bar = next(line for line in root.iter(f"{SVG}line") if line.get("stroke-width") == "2.5")
    x0, x1 = float(bar.get("x1")), float(bar.get("x2"))
    assert float(re.match(r"M([\d.]+)", diamond.get("d"))[1]) + 6 == pytest.approx((x0 + x1) / 2, abs=0.2)
    assert float(circles[1].get("cx")) < float(circles[0].get("cx")) < (x0 + x1) / 2


def test_a_panel_for_every_value_and_set_on_one_scale():
    tables = [
        summary(["KPOD", "Plain"], [0.1, share], setting="small_world.filler_share", value=value)
        for value, share in (("0", 0.2), ("0.5", 0.9))
    ]
    svg = accuracy_svg(pd.concat(tables))
    assert "small_world.filler_share: 0.5 · test" in texts(svg) and texts(svg).count("100%") == 2
    assert "<script" not in svg


def test_the_axis_holds_nothing_right_and_everything():
    for share in (0.0, 1.0):
        rows = summary(["Plain"], [share]).assign(low=share, high=share)
        (diamond,) = ElementTree.fromstring(accuracy_svg(rows)).iter(f"{SVG}path")
        assert 190 <= float(re.match(r"M([\d.]+)", diamond.get("d"))[1]) + 6 <= 601


def test_names_are_only_names():
    svg = accuracy_svg(summary(["<img src=x onerror=alert(1)>"], [0.5]))
    assert "<img" not in svg and ElementTree.fromstring(svg) is not None


def test_by_number_of_steps_every_panel_keeps_the_order_of_the_summary():
    overall = summary(["KPOD", "Plain", "ICL"], [0.5, 0.6, 0.55])
    rows = [
        summary(["KPOD", "Plain", "ICL"], shares, num_steps=steps)
        for steps, shares in ((3, [0.4, 0.3, 0.35]), (2, [0.8] * 3))
    ]
    svg = accuracy_svg(pd.concat(rows).drop(columns="is_reference"), overall)
    told = texts(svg)
    assert [text for text in told if "steps" in text] == ["test · 2 steps", "test · 3 steps"]
    assert [text for text in told if text in ("KPOD", "Plain", "ICL")] == ["Plain", "ICL", "KPOD"] * 2
    assert len(list(ElementTree.fromstring(svg).iter(f"{SVG}path"))) == 2
