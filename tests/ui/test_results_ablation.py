"""The Results page's view of ablations: varied values chosen, many methods, and those that were shipped."""

from __future__ import annotations

import pytest

from kpod.ablation_export import export_ablation
from kpod.ablation_variations import Variation
from kpod.methods import METHODS
from kpod.ui import results_ablation
from tests.support.app_pages import element_keys, open_app, shown
from tests.support.made_ablation import make_ablation, make_large_ablation
from tests.support.made_run import make_run

WORLDS = Variation("small_world.filler_share", ("0", "0.5"))
ACROSS = {"ablation-across-accuracy", "ablation-across-difference"}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """A runs folder with a run and an ablation over two worlds, and one of shipped ablations."""
    root = tmp_path_factory.mktemp("ablations")
    make_run(root / "runs" / "run")
    export_ablation(
        make_ablation(root / "runs" / "worlds", [WORLDS], [0]), root / "shipped" / "ours", "Made <b>by hand</b>."
    )
    return root


def test_an_ablation_over_worlds_shows_its_lines_and_one_value(folders, monkeypatch):
    monkeypatch.setenv("KPOD_RUNS", str(folders / "runs"))
    monkeypatch.setattr(results_ablation, "SHIPPED_ABLATIONS", folders / "none")
    app = open_app("results", view="Ablations", varied="small_world.filler_share=0.5")
    assert {"ablation-methods", "ablation-steps", "departures"} | ACROSS <= element_keys(app)
    assert app.session_state["varied"] == "small_world.filler_share=0.5"
    assert app.dataframe[0].value["value"].tolist() == ["0", "0", "0.5", "0.5"]


def test_nine_methods_and_ten_seeds_that_were_shipped(tmp_path, use_runs, monkeypatch):
    use_runs("whole")
    chosen = list(METHODS)[:9]
    made = make_large_ablation(tmp_path / "made", chosen, range(10), questions=30)
    export_ablation(made, tmp_path / "shipped" / "large")
    monkeypatch.setattr(results_ablation, "SHIPPED_ABLATIONS", tmp_path / "shipped")
    app = open_app("results", view="Ablations", ablation="shipped/large")
    assert {"ablation-methods", "ablation-steps"} <= element_keys(app) and not app.exception
    assert "Every panel is on the same scale" in shown(app) and "90 of 90 runs" in shown(app)
    summary, results, by_steps, departures = (frame.value for frame in app.dataframe)
    assert (len(summary), len(results), len(by_steps)) == (9, 90, 27)
    assert departures["method"].nunique() == 9
    assert "departures" not in element_keys(app)  # made answers calculate nothing: there is nothing to draw
    assert str(summary["supervised_tokens"].dtype) == "Int64" and "p_adjusted" in by_steps


def test_a_shipped_one_is_shown_where_there_is_no_other(folders, use_runs, monkeypatch):
    use_runs("whole")
    monkeypatch.setattr(results_ablation, "SHIPPED_ABLATIONS", folders / "shipped")
    app = open_app("results", view="Ablations")
    assert app.session_state["ablation"] == "shipped/ours"
    assert "Made &lt;b&gt;by hand&lt;/b&gt;. Run it anew" in shown(app)
    assert "came with KPOD Studio" in shown(app) and "--vary small_world.filler_share=0,0.5" in shown(app)
    assert element_keys(app) >= ACROSS
