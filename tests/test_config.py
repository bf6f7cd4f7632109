"""Settings: both ways through YAML, and a message for every way to get them wrong."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from kpod import presets
from kpod.config import RunConfig, make_config, override, setting_problems
from kpod.errors import InputError

LEAST = {"name": "Least", "data": {"source": "some.jsonl"}, "student": {"name": "smollm2-135m"}}


def least(**sections: object) -> dict:
    return LEAST | sections


@pytest.mark.parametrize("name", presets.PRESETS)
def test_every_preset_goes_through_yaml_and_back(name):
    config = presets.get(name)
    assert RunConfig.from_yaml(config.to_yaml()) == config


def test_any_setting_goes_through_yaml_and_back():
    hostile = 'name: "quoted" {1e-3} # no comment\nü'
    config = make_config(least(name=hostile, weights={"learning_rate": 1e-7}, data={"source": "on", "train_limit": 3}))
    assert RunConfig.from_yaml(config.to_yaml()) == config


def test_a_file_of_settings(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("name: x\ndata: {source: a.jsonl}\nstudent: {name: b}\ndistillation: {learning_rate: 1e-3}\n")
    assert RunConfig.from_file(path).distillation.learning_rate == 0.001
    with pytest.raises(InputError, match=r"No configuration file at .*missing\.yaml"):
        RunConfig.from_file(tmp_path / "missing.yaml")
    path.write_bytes(b"name: \xff")
    with pytest.raises(InputError, match="no text file in UTF-8"):
        RunConfig.from_file(path)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"wieghts": {}}, r"wieghts is no setting\. Did you mean weights\?"),
        ({"distillation": {"epoch": 3}}, r"distillation\.epoch is no setting\. Did you mean epochs\?"),
        ({"data": {"source": "a", "zzzzz": 1}}, r"data\.zzzzz is no setting\. Allowed here: source, task"),
        ({"distillation": {"epochs": 0}}, r"distillation\.epochs is 0: .*greater than or equal to 1"),
        ({"distillation": {"learning_rate": float("inf")}}, r"distillation\.learning_rate is inf: .*finite"),
        ({"distillation": {"learning_rate": float("nan")}}, r"distillation\.learning_rate is nan"),
        ({"weights": {"objective": "best"}}, r"weights\.objective is 'best': .*'constrained', 'relative' or 'fixed'"),
        ({"student": {"name": "x", "device": "gpu"}}, r"student\.device is 'gpu'"),
        ({"data": "file.jsonl"}, r"data is 'file\.jsonl'"),
        ({"name": ""}, "name is ''"),
        ({"seed": -1}, "seed is -1"),
        ({"data": {}}, r"data\.source is missing: questions: a file.* --set data\.source="),
    ],
)
def test_a_wrong_setting_is_named_with_what_is_allowed(values, message):
    with pytest.raises(InputError, match=message):
        make_config(least(**values))


def test_every_wrong_setting_is_named_at_once():
    with pytest.raises(InputError) as caught:
        make_config({"name": "x", "data": {"source": "a"}, "weights": {"epochs": "many"}, "nmae": 1})
    assert len(str(caught.value).splitlines()) == 3  # student, weights.epochs, nmae


@pytest.mark.parametrize("values", [None, [], "text", 3])
def test_what_is_no_mapping(values):
    with pytest.raises(InputError, match="A configuration is a mapping"):
        make_config(values)


@pytest.mark.parametrize("text", ["a: [1", "a: b: c", "\t- x"])
def test_what_is_no_yaml(text):
    with pytest.raises(InputError, match="not valid YAML"):
        RunConfig.from_yaml(text)


def test_more_stages_than_epochs_would_never_finish():
    with pytest.raises(InputError, match="num_stages is 5, more than the 4 epochs"):
        make_config(least(curriculum={"num_stages": 5}, distillation={"epochs": 4}))
    assert make_config(least(curriculum={"num_stages": 4}, distillation={"epochs": 4})).num_stages == 4


@pytest.mark.parametrize(("epochs", "stages"), [(1, 1), (2, 1), (10, 5), (11, 5)])
def test_stages_are_half_the_epochs_where_not_given(epochs, stages):
    assert make_config(least(distillation={"epochs": epochs})).num_stages == stages


def test_a_configuration_is_frozen():
    config = make_config(LEAST)
    with pytest.raises(ValidationError):
        config.seed = 1
    with pytest.raises(ValidationError):
        config.weights.epochs = 1


def test_override():
    config = make_config(LEAST)
    changed = override(config, ["distillation.epochs=4", "name=Other run", "data.train_limit=7", "seed = 3"])
    assert (changed.distillation.epochs, changed.name, changed.data.train_limit, changed.seed) == (4, "Other run", 7, 3)
    assert config.distillation.epochs == 10
    assert override(changed, ["data.train_limit=null"]).data.train_limit is None
    assert override(config, []) == config


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("distillation.epochs", "write a setting and its value"),
        ("distilation.epochs=3", r"distilation is no setting\. Did you mean distillation\?"),
        ("distillation.epoch=3", r"distillation\.epoch is no setting\. Did you mean epochs\?"),
        ("data.source.name=3", "data.source is no setting"),
        ("seed=[1", "not valid YAML; quote it"),
        ("seed=x", "seed is 'x'"),
        ("=3", "is no setting"),
    ],
)
def test_a_wrong_override(assignment, message):
    with pytest.raises(InputError, match=message):
        override(make_config(LEAST), [assignment])


def test_problems_come_by_setting():
    assert setting_problems(LEAST) == []
    found = setting_problems(least(distillation={"epochs": 0, "epoch": 3}))
    assert [path for path, _ in found] == ["distillation.epochs", "distillation.epoch"]
    assert "greater than or equal to 1" in found[0][1] and "Did you mean epochs?" in found[1][1]
    crossed = setting_problems(least(curriculum={"num_stages": 5}, distillation={"epochs": 4}))
    assert [path for path, _ in crossed] == [""] and "more than the 4 epochs" in crossed[0][1]


def test_a_long_value_is_cut_in_its_message():
    (found,) = setting_problems(least(seed="9" * 100_000))
    assert len(found[1]) < 500


def test_hidden_characters_are_escapes_in_the_yaml():
    config = make_config(least(name="a\u202eb\u200bc é"))
    assert "\u202e" not in config.to_yaml() and "\\u202E" in config.to_yaml()
    assert RunConfig.from_yaml(config.to_yaml()) == config
