"""The what-if sliders: the same schedule as the command line gives, in the address, and on to the Distill page."""

from __future__ import annotations

import pytest

from kpod.config import override
from kpod.run_curriculum import dry_run
from kpod.run_store import load_run
from kpod.ui.what_if import knobs
from tests.support.app_pages import address_of, element_keys, open_app, shown
from tests.support.made_run import make_run


def slider(app, label: str):
    return next(one for one in app.slider if one.label.startswith(label))


def test_untouched_it_is_the_runs_own_schedule(use_runs):
    use_runs("whole")
    app = open_app("curriculum", view="What if")
    assert "<b>100%</b><span>as the run has it" in shown(app)
    assert {"what-if-budget", "what-if-supervision"} <= element_keys(app)
    assert not app.code
    assert {one.label for one in app.slider} == {
        "Start C₀ / B", "Power p", "Stages T", "Steps a stage Δs", "Diversity β", "Clusters K",
    }  # fmt: skip


def test_a_moved_slider_gives_the_schedule_of_the_command_line(use_runs):
    run = load_run(use_runs("whole") / "run")
    app = open_app("curriculum", view="What if")
    slider(app, "Power p").set_value(2.0).run()
    slider(app, "Stages T").set_value(7).run()
    assert not app.exception
    schedule = dry_run(run, override(run.config, ["curriculum.power=2", "curriculum.num_stages=7"])).schedule
    overrun = schedule.overruns.max() / schedule.total
    assert f"<b>{overrun:.2%}</b><span>largest overrun" in shown(app)
    assert f"<b>{schedule.certificates.min():.3f}</b><span>worst g / bound" in shown(app)
    command = app.code[0].value
    assert command.endswith("--set curriculum.power=2 --set curriculum.num_stages=7")
    assert f"--config {run.folder / 'config.yaml'}" in command
    assert {name: address_of(app)[name] for name in ("p", "T")} == {"p": "2", "T": "7"}


def test_the_notice_says_the_same_overrun_as_the_figures(use_runs):
    run = load_run(use_runs("whole") / "run")
    schedule = dry_run(run, override(run.config, ["curriculum.num_stages=2", "curriculum.delta_s=1"])).schedule
    assert schedule.overruns.any()
    page = shown(open_app("curriculum", view="What if", T="2", ds="1"))
    overrun = f"{schedule.overruns.max() / schedule.total:.2%}"
    assert f"<b>{overrun}</b><span>largest overrun" in page
    assert f"by {overrun} of the whole difficulty B at stage" in page and "delta_s" not in page


def test_a_link_opens_the_same_and_garbage_the_runs_own(use_runs):
    use_runs("whole")
    app = open_app("curriculum", view="What if", p="1.25", ds="2", selector="ftgp")
    assert "--set curriculum.power=1.25 --set curriculum.delta_s=2 --set curriculum.selector=ftgp" in app.code[0].value
    assert not open_app("curriculum", view="What if", p="<b>", T="1e9", selector="../x", C0="nan").code


def test_back_to_the_run_forgets_every_change(use_runs):
    use_runs("whole")
    app = open_app("curriculum", view="What if", p="1.25", deadline="false")
    app.button(key="what-if-reset").click().run()
    assert not app.code and "p" not in address_of(app)
    assert slider(app, "Power p").value == 0.5


def test_another_number_of_clusters_is_clustered_on_the_map(use_runs):
    use_runs("whole")
    app = open_app("curriculum", view="What if", K="9")
    assert "--set clustering.num_clusters=9" in app.code[0].value and not app.exception
    assert "as the run has it" in shown(app)


def test_the_changed_settings_open_on_the_distill_page(use_runs):
    use_runs("whole")
    app = open_app("curriculum", view="What if", p="1.25")
    app.button(key="what-if-distill").click().run()
    assert not app.exception
    assert "Distill" in shown(app)
    assert any("curriculum.power=1.25" in value for value in app.query_params.get("set", []))


def test_the_changed_schedule_plays(use_runs):
    use_runs("whole")
    app = open_app("curriculum", view="What if", p="2")
    app.toggle(key="what-if-play").set_value(True).run()
    assert "what-if-matrix" in element_keys(app)


def test_a_method_without_a_schedule_shows_what_kpod_would_do(tmp_path, monkeypatch):
    run = make_run(tmp_path / "run", count=8)
    run.config = override(run.config, ["method=plain"])
    run.write_config()
    monkeypatch.setenv("KPOD_RUNS", str(tmp_path))
    app = open_app("curriculum", view="What if", p="1.25")
    assert "has no such schedule" in shown(app)
    assert "--set method=kpod --set curriculum.power=1.25" in app.code[0].value


@pytest.mark.parametrize("runs", ["scheduled", "collapsed", "hostile"])
def test_it_opens_in_every_state_that_has_a_schedule(use_runs, runs):
    use_runs(runs)
    assert "as the run has it" in shown(open_app("curriculum", view="What if"))


def test_sliders_follow_the_runs_own_settings(use_runs):
    config = load_run(use_runs("whole") / "run").config
    wide = override(config, ["curriculum.relative_beta=4", "distillation.epochs=1", "curriculum.num_stages=1"])
    assert [knob.name for knob in knobs(wide, has_map=False)] == ["C0", "p", "ds", "rb"]  # no choice of T or K
    assert next(knob.high for knob in knobs(wide) if knob.name == "rb") == 8.0
