"""The form, the YAML and the command are the same configuration; the command is read by the real command line."""

from __future__ import annotations

import subprocess

import pytest
import typer

from kpod import presets
from kpod.cli import app
from kpod.config import RunConfig, make_config
from kpod.config_forms import (
    assignments_of,
    command_of,
    config_of,
    config_of_assignments,
    differences,
    form_fields,
    group_title,
    problems_of,
    values_of,
)
from kpod.errors import InputError

FIELDS = {field.path: field for field in form_fields()}
HOSTILE = [
    'it\'s "quoted" $HOME `id` $(id) \\ ; rm -rf ~ | cat > /tmp/x & # no',
    "new\nline\ttab\r\x00\x1b[31m",
    "\u202eevil\u202c\u200b\ufeff",
    "<script>alert(1)</script>",
    "--set",
    "-x",
    "null",
    "true",
    "1e-3",
    "1_000",
    "2026-11-24",
    "12:30:45",
    "!!python/object:os.system {}",
    "*alias",
    "&anchor x",
    "{a: b}",
    "[1",
    "a: b",
    " padded ",
    "日本 🇩🇪",
    "=",
    "~",
    "%TAG",
    "@at",
    "'",
    "x" * 120,
]


def parsed_by_the_command_line(command: str) -> RunConfig:
    """What `kpod run` would run for a command that a real shell was given."""
    shell = f"python() {{ printf '%s\\0' \"$@\"; }}\n{command}"
    done = subprocess.run(["/bin/sh", "-c", shell], capture_output=True, check=True, env={"PATH": "/nowhere"})
    assert not done.stderr
    words = done.stdout.decode().split("\0")[:-1]
    assert words[:3] == ["-m", "kpod", "run"]
    context = typer.main.get_command(app).commands["run"].make_context("run", words[3:])
    return config_of_assignments(context.params["preset"], context.params["settings"] or [])


@pytest.mark.parametrize("base", presets.PRESETS)
@pytest.mark.parametrize("name", presets.PRESETS)
def test_every_preset_is_the_same_as_form_yaml_and_command(name, base):
    config = presets.get(name)
    values = values_of(config)
    assert set(values) == set(FIELDS)
    assert config_of(values) == config
    assert RunConfig.from_yaml(config_of(values).to_yaml()) == config
    assert parsed_by_the_command_line(command_of(config, base)) == config
    assert config_of_assignments(base, assignments_of(config, base)) == config


def test_the_command_of_a_preset_is_its_name_alone():
    name = next(iter(presets.PRESETS))
    assert command_of(presets.get(name), name) == f"python -m kpod run --preset {name}"


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("path", ["name", "data.train_split", "data.evaluation_source"])
def test_any_text_survives_the_command_and_the_yaml(path, text):
    base = presets.get("example")
    config = config_of(values_of(base) | {path: text})
    command = command_of(config, "example")
    assert all(character.isprintable() or character == "\n" for character in command)
    assert parsed_by_the_command_line(command) == config
    assert RunConfig.from_yaml(config.to_yaml()) == config


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("distillation.learning_rate", 1e-7),
        ("distillation.learning_rate", 1e22),
        ("distillation.learning_rate", 0.1 + 0.2),
        ("curriculum.beta", 0.0),
        ("curriculum.deadline", False),
        ("data.train_limit", 10**9),
        ("data.task", None),
        ("weights.dual_rate", 5e-324),
    ],
)
def test_any_number_survives_the_command(path, value):
    config = config_of(values_of(presets.get("svamp-smollm2")) | {path: value})
    again = parsed_by_the_command_line(command_of(config, "svamp-smollm2"))
    assert again == config and values_of(again)[path] == value


def test_differences_are_what_was_changed():
    base = presets.get("example")
    values = values_of(base)
    assert differences(values, base) == {}
    changed = values | {"distillation.epochs": 4, "curriculum.deadline": False, "seed": 0.0}
    assert differences(changed, base) == {"curriculum.deadline": (True, False), "distillation.epochs": (8, 4)}
    assert assignments_of(config_of(changed), "example") == ["curriculum.deadline=false", "distillation.epochs=4"]
    assert "seed" in differences(values | {"seed": False}, base), "False is no seed of 0"


def test_problems_stand_at_their_settings():
    values = values_of(presets.get("example"))
    assert problems_of(values) == {}
    found = problems_of(values | {"distillation.epochs": 0, "name": "", "student.device": "gpu"})
    assert set(found) == {"distillation.epochs", "name", "student.device"}
    assert "greater than or equal to 1" in found["distillation.epochs"]
    with pytest.raises(InputError):
        config_of(values | {"name": ""})


def test_a_problem_of_two_settings_stands_at_both():
    values = values_of(presets.get("example")) | {"curriculum.num_stages": 9}
    assert set(problems_of(values)) == {"curriculum.num_stages", "distillation.epochs"}


def test_every_field_can_be_shown():
    for field in FIELDS.values():
        assert field.label and field.description, field
        assert field.kind in ("choice", "flag", "whole", "number", "text", "other"), field
        assert "none:" not in field.description
        title, purpose = group_title(field.group)
        assert title and purpose, f"{field.group!r}: give the group a title and a purpose in GROUPS"
        if field.kind == "choice" and not field.optional:
            assert field.default is None or field.default in field.choices, field


def test_registries_give_choices():
    assert "plain" in FIELDS["method"].choices and not FIELDS["method"].is_open
    assert "gsm8k" in FIELDS["data.task"].choices and FIELDS["data.task"].optional
    assert "smollm2-135m" in FIELDS["student.name"].choices and FIELDS["student.name"].is_open


def test_what_an_empty_setting_means_is_said():
    assert FIELDS["curriculum.num_stages"].none_means == "half the epochs"
    assert FIELDS["curriculum.num_stages"].description == "T"
    assert FIELDS["weights.max_questions"].none_means == "all of them"
    assert FIELDS["weights.max_questions"].group == "weights" and FIELDS["weights.max_questions"].unit == "questions"


def test_a_whole_configuration_of_ones_own():
    config = make_config({"name": "x", "data": {"source": "a b.jsonl"}, "student": {"name": "./my model"}})
    assert parsed_by_the_command_line(command_of(config, "example")) == config
