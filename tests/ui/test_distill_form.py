"""The form of a new run: presets, every setting, YAML and command, and the address."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from kpod import presets
from kpod.charts.text import for_html
from kpod.config import RunConfig
from kpod.config_forms import command_of, config_of, form_fields, values_of
from kpod.config_weights import SET_BY_PAPER_MODE
from kpod.methods import METHODS
from kpod.paper_settings import OF_THIS_PROGRAM
from kpod.ui.distill_form import paper_says
from tests.support.app_pages import address_of, open_app, shown

BASE = next(iter(presets.PRESETS))
SMALL = "example"  # of a dozen questions: its checks take no time
GROUPS = sorted({field.group or "run" for field in form_fields()})


@pytest.fixture(autouse=True)
def nothing_run_yet(use_runs):
    use_runs("none")


def command(app) -> str:
    return app.code[0].value


def as_yaml(app) -> str:
    return app.code[1].value


def test_fresh_the_first_preset_can_be_started_with_one_click():
    app = open_app("distill")
    assert app.selectbox(key="preset-choice").value == BASE
    assert not app.button(key="start").disabled
    assert "about" in shown(app) and "Every setting is as in the preset" not in shown(app)
    assert address_of(app)["preset"] == BASE


@pytest.mark.parametrize("name", presets.PRESETS)
def test_every_preset_is_the_same_as_yaml_and_as_command(name):
    app = open_app("distill", panel="configuration", preset=SMALL)
    app.selectbox(key="preset-choice").select(name).run()
    assert RunConfig.from_yaml(as_yaml(app)) == presets.get(name)
    assert command(app) == f"python -m kpod run --preset {name}"


@pytest.mark.parametrize("older", ["yaml", "command"])
def test_links_to_the_panels_of_older_versions_lead_to_both(older):
    app = open_app("distill", panel=older, preset=SMALL)
    assert command(app).startswith("python -m kpod run") and as_yaml(app).startswith("name: ")
    assert address_of(app)["panel"] == "configuration"
    app.segmented_control(key="panel").set_value("checks").run()
    assert address_of(app)["panel"] == "checks" and not app.code


@pytest.mark.parametrize("group", GROUPS)
def test_every_setting_has_a_widget_that_shows_its_value_with_the_papers(group):
    app = open_app("distill", group=group, preset=SMALL)
    values = values_of(presets.get(SMALL))
    text = shown(app)
    for field in form_fields():
        if (field.group or "run") != group or field.path == "data.source":
            continue
        widget = app.session_state[f"set-{field.path}"]
        assert widget == values[field.path] or (widget == "" and values[field.path] is None), field
        says = paper_says(field)
        assert says is None or f'<span class="paper">paper: {for_html(says)}</span>' in text, field
    of_group = [field for field in form_fields() if (field.group or "run") == group]
    silent = sum(paper_says(field) is None for field in of_group if field.path not in OF_THIS_PROGRAM)
    assert text.count("paper: not stated") == silent
    assert text.count('class="paper"') == sum(paper_says(field) is not None for field in of_group)


def test_no_setting_is_said_to_have_the_papers_value_paper():
    says = {field.path: paper_says(field) for field in form_fields()}
    assert "paper" not in says.values()
    assert says["steps.mode"].startswith("at every full stop") and says["curriculum.beta"] == "12"
    assert says["curriculum.delta_s"] is None and says["weights.temperature"] is None  # the paper is silent on them


@pytest.mark.parametrize("name", METHODS)
def test_the_method_is_said_in_words_with_what_it_turns_on(name):
    app = open_app("distill", group="run", preset=SMALL, set=[f"method={name}"])
    text, method = shown(app), METHODS[name]
    assert f"<b>{for_html(method.label)}</b>: {for_html(method.description)}." in text
    assert "kpod.methods" not in text
    mark = "✓" if method.weighted_loss else "–"
    assert f'<tr><td>{mark}</td><th scope="row">Weighted loss</th>' in text
    assert app.selectbox(key="set-method").value == name
    assert f"{method.label} ({name})" in app.selectbox(key="set-method").options


def test_a_method_that_is_none_has_no_card():
    app = AppTest.from_function(method_page)
    app.run()
    assert not app.exception and not app.get("html")


def method_page():
    from kpod.ui.distill_method import method_card

    method_card("<b>no method")


def test_a_value_whose_script_was_stopped_before_it_called_back_is_taken_and_not_put_back():
    """What the reader does next stops the script of a change, maybe before its callback: the value is there alone."""
    app = open_app("distill", group="weights", preset=SMALL)
    before = app.session_state["draft"].values["weights.epochs"]
    app.session_state["set-weights.epochs"] = before + 3
    app.run()
    assert not app.exception and app.session_state["draft"].values["weights.epochs"] == before + 3
    assert app.number_input(key="set-weights.epochs").value == before + 3
    app.selectbox(key="preset-choice").select(BASE).run()  # and the draft still wins where it is what changed
    chosen = values_of(presets.get(BASE))["weights.epochs"]
    assert app.number_input(key="set-weights.epochs").value == chosen


def test_settings_that_the_papers_mode_overrules_say_so():
    app = open_app("distill", group="weights", preset=SMALL)
    assert "not used: Mode sets it" not in shown(app)
    app.segmented_control(key="set-weights.mode").set_value("paper").run()
    assert shown(app).count("not used: Mode sets it") == len(SET_BY_PAPER_MODE)


def test_a_change_is_marked_counted_and_reset():
    app = open_app("distill", group="distillation", panel="changes", preset=SMALL)
    app.number_input(key="set-distillation.epochs").set_value(3).run()
    before = presets.get(SMALL).distillation.epochs
    assert f"● changed from {before}" in shown(app) and "<b>1 changed</b>" in shown(app)
    assert address_of(app)["set"] == "distillation.epochs=3"
    app.segmented_control(key="panel").set_value("configuration").run()
    assert command(app).endswith("--set distillation.epochs=3")
    app.button(key="reset-group").click().run()
    assert "changed from" not in shown(app) and "set" not in address_of(app)
    assert app.number_input(key="set-distillation.epochs").value == before


def test_a_browser_that_still_says_the_address_before_takes_no_change_back():
    app = open_app("distill", group="distillation", panel="changes", preset=SMALL)
    app.number_input(key="set-distillation.epochs").set_value(3).run()
    del app.query_params["set"]  # the next click went out before the browser had heard of the change
    app.segmented_control(key="panel").set_value("configuration").run()
    assert address_of(app)["set"] == "distillation.epochs=3"
    assert command(app).endswith("--set distillation.epochs=3")


def test_changes_stay_when_another_group_or_page_is_looked_at():
    app = open_app("distill", group="distillation", preset=SMALL)
    app.number_input(key="set-distillation.epochs").set_value(3).run()
    app.pills(key="group").set_value("curriculum").run()
    app.number_input(key="set-curriculum.num_stages").set_value(2).run()
    app.toggle(key="set-curriculum.deadline").set_value(False).run()
    app.pills(key="group").set_value("distillation").run()
    assert app.number_input(key="set-distillation.epochs").value == 3
    assert len(app.session_state["draft"].changed()) == 3


def test_an_optional_number_can_be_emptied():
    app = open_app("distill", group="data", preset="example", set=["data.train_limit=5"])
    assert app.number_input(key="set-data.train_limit").value == 5
    app.number_input(key="set-data.train_limit").set_value(None).run()
    assert app.session_state["draft"].values["data.train_limit"] is None


@pytest.mark.parametrize(
    ("group", "widget", "path", "value", "message"),
    [
        ("run", "text_input", "name", "", "at least 1 character"),
        ("student", "text_input", "student.device", "gpu", "student.device is"),
        ("distillation", "number_input", "distillation.learning_rate", 0.0, "greater than 0"),
        ("curriculum", "number_input", "curriculum.num_stages", 99, "more than the"),
    ],
)
def test_a_wrong_value_is_said_beside_its_setting_and_nothing_starts(group, widget, path, value, message):
    app = open_app("distill", group=group, preset=SMALL)
    getattr(app, widget)(key=f"set-{path}").set_value(value).run()
    assert not app.exception
    text = shown(app)
    assert '<span class="wrong" role="alert">' in text and message in text
    assert app.button(key="start").disabled
    app.button(key="reset-group").click().run()
    assert 'class="wrong"' not in shown(app) and not app.button(key="start").disabled


def test_what_the_checks_find_is_said_and_nothing_starts():
    app = open_app("distill", group="data", preset="example", set=["data.source=/nowhere/questions.jsonl"])
    text = shown(app)
    assert "<b>data.source</b>" in text and "/nowhere/questions.jsonl" in text
    assert "to mend" in text and app.button(key="start").disabled


def test_yaml_goes_into_the_form():
    app = open_app("distill", group="distillation", panel="configuration")
    wanted = config_of(values_of(presets.get("example")) | {"distillation.epochs": 5, "name": "Pasted"})
    app.text_area(key="yaml-text").set_value(wanted.to_yaml()).run()
    app.button(key="yaml-use").click().run()
    assert RunConfig.from_yaml(as_yaml(app)) == wanted
    assert app.number_input(key="set-distillation.epochs").value == 5


@pytest.mark.parametrize(
    "text",
    [
        "",
        "just text",
        "a: [1",
        "a: &a [x]\nb: [*a, *a]",
        "name: x\nwrong: 1",
        "[" * 3_000,
        "!!python/object/apply:os.system [id]",
        "name: <img src=x onerror=alert(1)>\ndata: {source: 3}\nstudent: {name: x}",
    ],
)
def test_bad_yaml_is_refused_with_a_reason_and_the_form_stays(text):
    app = open_app("distill", panel="configuration", preset=SMALL)
    before = as_yaml(app)
    app.text_area(key="yaml-text").set_value(text).run()
    app.button(key="yaml-use").click().run()
    assert not app.exception
    assert "This YAML was not taken" in shown(app) and "<img" not in shown(app)
    assert as_yaml(app) == before


def test_the_address_opens_the_form_it_was_copied_from():
    app = open_app("distill", preset="example", set=["distillation.epochs=4", "name=A b"], panel="configuration")
    config = config_of(values_of(presets.get("example")) | {"distillation.epochs": 4, "name": "A b"})
    assert command(app) == command_of(config, "example")


@pytest.mark.parametrize(
    ("preset", "assignments"),
    [
        ("nothing", []),
        ("example", ["distillation.epochs=0"]),
        ("example", ["no.such=1"]),
        ("example", ["name"]),
        ("<script>alert(1)</script>", ["<b>=1"]),
        ("example", ["seed=[" * 50]),
    ],
)
def test_an_address_that_cannot_be_is_said_and_the_form_stays_usable(preset, assignments):
    app = open_app("distill", preset=preset, set=assignments)
    text = shown(app)
    assert "This link could not be followed" in text and "<script" not in text
    assert not app.button(key="start").disabled


HOSTILE = ("<img src=x onerror=alert(1)>", "\u202eevil\u200b", "a\x1b[31mb", "**bold** `x` $y$ :red[z]", "../../etc")


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_text_everywhere(name):
    app = open_app("distill", group="run", panel="changes", preset=SMALL)
    app.text_input(key="set-name").set_value(name).run()
    text = shown(app)
    assert "<img" not in text and "\u202e" not in text and "\x1b" not in text
    app.segmented_control(key="panel").set_value("configuration").run()
    for written in (command(app), as_yaml(app)):
        assert all(character.isprintable() or character == "\n" for character in written)
    assert app.session_state["draft"].config().name == name


def test_the_small_world_is_set_by_its_controls():
    app = open_app("distill", group="data")
    app.segmented_control(key="source-kind").set_value("world").run()
    app.number_input(key="world-train").set_value(12).run()
    app.number_input(key="world-test").set_value(4).run()
    source = app.session_state["draft"].values["data.source"]
    assert source == "small_world:train=12,test=4,seed=1,stories=people+prices,max_steps=3"
    assert "<b>12</b><span>to learn from</span>" in shown(app)


def test_a_path_is_taken_as_it_is_typed():
    app = open_app("distill", group="data")
    app.segmented_control(key="source-kind").set_value("path").run()
    assert app.button(key="start").disabled
    app.text_input(key="source-path").set_value(" assets/example_questions.jsonl ").run()
    assert app.session_state["draft"].values["data.source"] == "assets/example_questions.jsonl"


def test_yaml_of_an_older_version_is_taken_and_what_was_translated_is_said():
    app = open_app("distill", panel="configuration", preset=SMALL)
    text = as_yaml(app).replace("wrong_rationales: drop", "keep_wrong_rationales: true")
    app.text_area(key="yaml-text").input(text)
    app.button(key="yaml-use").click().run()
    assert "was read as data.wrong_rationales=keep" in shown(app)
    assert RunConfig.from_yaml(as_yaml(app)).data.wrong_rationales == "keep"
