"""The list of runs: filtered, ordered and opened."""

from __future__ import annotations

import pytest

from kpod.presets import PRESETS
from tests.support.app_pages import address_of, open_app, shown
from tests.support.made_run import make_run


@pytest.fixture
def five(tmp_path, monkeypatch):
    monkeypatch.setenv("KPOD_RUNS", str(tmp_path))
    runs = []
    for number, name in enumerate(("beta", "alpha", "gamma", "delta", "epsilon")):
        status = "failed" if name == "gamma" else "finished"
        run = make_run(tmp_path / name, upto="prepare", name=name, status=status)
        run.update(created_at=f"2026-01-0{number + 1}T00:00:00+00:00")
        runs.append(run)
    return runs


def listed(app) -> list[str]:
    return app.dataframe[0].value["run"].tolist()


def test_runs_are_in_the_order_that_the_address_names(five):
    assert listed(open_app("overview")) == ["epsilon", "delta", "gamma", "alpha", "beta"]
    app = open_app("overview", order="name")
    assert listed(app) == ["alpha", "beta", "delta", "epsilon", "gamma"]
    assert address_of(app)["order"] == "name"


def test_runs_are_found_by_words_and_by_status(five):
    assert listed(open_app("overview", find="ALPH")) == ["alpha"]
    app = open_app("overview")
    app.multiselect(key="runs-status").select("failed").run()
    assert listed(app) == ["gamma"]
    app.text_input(key="find").input("beta").run()
    assert not app.exception and "No run is like that" in shown(app)


def test_a_few_runs_need_no_filter(use_runs):
    use_runs("whole")
    app = open_app("overview")
    assert not app.multiselect and len(app.dataframe[0].value) == 1


def test_a_run_on_its_way_in_or_out_is_not_listed(five, tmp_path):
    five[0].folder.rename(tmp_path / ".deleted-1")
    assert "beta" not in listed(open_app("overview"))


def test_a_run_is_started_with_one_click_from_here_and_one_there(use_runs):
    use_runs("whole")
    app = open_app("overview")
    app.button(key="to-distill").click().run()
    assert not app.exception and not app.button(key="start").disabled
    assert address_of(app)["preset"] == next(iter(PRESETS))
