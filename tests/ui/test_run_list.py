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


def test_the_filter_stands_in_the_address(five):
    app = open_app("overview")
    app.multiselect(key="runs-status").select("failed").run()
    app.multiselect(key="runs-method").select("kpod").run()
    app.text_input(key="find").input("gam").run()
    assert address_of(app)["runs-status"] == "failed" and address_of(app)["runs-method"] == "kpod"
    again = open_app("overview", **app.query_params)
    assert listed(again) == ["gamma"] and again.multiselect(key="runs-status").value == ["failed"]
    app.multiselect(key="runs-status").unselect("failed").run()
    assert "runs-status" not in app.query_params
    both = open_app("overview", **{"runs-status": ["finished", "failed"]})
    assert len(listed(both)) == 5 and both.multiselect(key="runs-status").value == ["finished", "failed"]


GARBAGE = ("", "<script>alert(1)</script>", "../..", "FAILED", "\x00", "failed,finished")


@pytest.mark.parametrize("garbage", GARBAGE)
def test_garbage_in_the_filter_falls_back_to_all(five, garbage):
    address = {"runs-status": [garbage, "failed"], "runs-method": garbage, "runs-student": garbage, "order": garbage}
    app = open_app("overview", **address)
    assert listed(app) == ["gamma"]  # what is no garbage holds
    assert address_of(app)["runs-status"] == "failed" and "runs-student" not in app.query_params
    assert app.selectbox(key="order").value == "newest"


def test_a_link_wins_over_the_filter_that_was_set_by_hand(five):
    app = open_app("overview")
    app.multiselect(key="runs-status").select("failed").run()
    app.query_params["runs-status"] = ["finished"]
    app.run()
    assert app.multiselect(key="runs-status").value == ["finished"] and "gamma" not in listed(app)


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
