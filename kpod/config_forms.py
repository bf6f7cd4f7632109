"""A configuration as a form's values, as YAML and as a command line: the same thing three times. No Streamlit."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from kpod import methods, presets
from kpod.config import RunConfig, make_config, override, setting_problems
from kpod.config_description import describe_settings
from kpod.config_yaml import dump_yaml, read_value
from kpod.paper_settings import STATED
from kpod.students.registry import STUDENTS
from kpod.tasks import registry as tasks

GROUPS: dict[str, tuple[str, str]] = {
    "": ("Run", "What the run is called, which method it follows, and the seed of every random choice."),
    "data": ("Data", "Questions with a teacher's rationales to learn from, and questions to measure on."),
    "student": ("Student", "The small model that learns."),
    "steps": ("Steps", "Where a step of a rationale ends."),
    "weights": ("Token weights", "Which tokens the answer and later steps hang on: mask learning (Eq. 2 to 7)."),
    "difficulty": ("Difficulty", "How hard each step is for the student before distillation (Eq. 8)."),
    "clustering": ("Clusters", "Groups of similar questions, for the diversity of every stage."),
    "curriculum": ("Curriculum", "How fast steps become supervised, and which come first (Eq. 9 to 13)."),
    "distillation": ("Distillation", "The student's own training (Eq. 15)."),
    "evaluation": ("Evaluation", "How the student is measured before and after."),
}
"""Groups of settings by the section's name in the YAML: title and purpose. A new section shows up by its own name."""

# Settings of type text with values to choose from, mostly a registry's. The open ones take others besides.
_REGISTRIES: dict[str, Callable[[], Sequence[str]]] = {
    "method": lambda: list(methods.METHODS),
    "data.task": lambda: list(tasks.TASKS),
    "student.name": lambda: list(STUDENTS),
    "weights.prefixes": lambda: ["steps", "all", "sample:4"],
    "weights.predictor": lambda: ["own", *STUDENTS],
}
_OPEN_REGISTRIES = ("student.name", "weights.prefixes", "weights.predictor")

_LABELS = {
    "weights.lora_rank": "LoRA rank",
    "weights.alpha": "Cost of a token α",
    "weights.dual_start": "α at the start",
    "weights.dual_rate": "Rate of α",
    "weights.temperature": "Temperature τ",
    "weights.temperature_schedule": "Schedule of τ",
    "weights.temperature_start": "τ at the start",
    "weights.predictor_every": "Predictor alone every",
    "clustering.num_clusters": "Clusters K",
    "clustering.glove_path": "GloVe file",
    "curriculum.num_stages": "Stages T",
    "curriculum.initial_fraction": "Initial share C0 / B",
    "curriculum.power": "Power p",
    "curriculum.beta": "Diversity β",
    "curriculum.relative_beta": "Relative β",
    "curriculum.delta_s": "Steps a stage Δs",
    "distillation.lora_rank": "LoRA rank",
    "distillation.lora_alpha": "LoRA α",
    "distillation.lora_dropout": "LoRA dropout",
    "distillation.lora_targets": "LoRA targets",
    "student.dtype": "Arithmetic",
    "difficulty.temperature": "Temperature",
}


@dataclass(frozen=True)
class FormField:
    """One setting as a form shows it; `kind`, `choices`, `optional` and `bounds` as in `describe_settings`.

    `is_open`: values beside the choices are allowed. `none_means` says what an optional setting that is left empty
    does; `description` is without it. `stated`: what the paper says in words, where `paper` alone does not say it.
    `choice_labels`: what a choice is called, where its name is not enough.
    """

    path: str
    group: str
    label: str
    description: str
    unit: str
    default: Any
    paper: Any
    stated: str | None
    kind: str
    choices: tuple[Any, ...]
    choice_labels: Mapping[Any, str]
    is_open: bool
    optional: bool
    none_means: str
    bounds: Mapping[str, Any]


def form_fields() -> list[FormField]:
    """Every setting of a run, in the order of the YAML."""
    return [_field(row) for row in describe_settings()]


def _field(row: dict[str, Any]) -> FormField:
    path = row["setting"]
    group, _, name = path.rpartition(".")
    kind, choices = row["kind"], tuple(row["choices"])
    if path in _REGISTRIES:
        kind, choices = "choice", tuple(_REGISTRIES[path]())
    description, _, none_means = row["description"].partition("; none: ")
    return FormField(
        path=path,
        group=group,
        label=_LABELS.get(path, name.replace("_", " ").capitalize()),
        description=description,
        unit=row["unit"],
        default=row["default"],
        paper=row["paper"],
        stated=STATED.get(path),
        kind=kind,
        choices=choices,
        choice_labels=_method_labels() if path == "method" else {},
        is_open=path in _OPEN_REGISTRIES,
        optional=row["optional"],
        none_means=none_means,
        bounds=row["bounds"],
    )


def _method_labels() -> dict[str, str]:
    return {name: f"{method.label} ({name})" for name, method in methods.METHODS.items()}


def group_title(group: str) -> tuple[str, str]:
    """Title and purpose of a group of settings."""
    return GROUPS.get(group, (group.replace("_", " ").capitalize(), ""))


# ---- values of a form and a configuration


def values_of(config: RunConfig) -> dict[str, Any]:
    """A configuration as the form's values: one plain value a setting, by its path."""
    nested = config.model_dump()
    return {row["setting"]: _at(nested, row["setting"]) for row in describe_settings()}


def config_of(values: Mapping[str, Any]) -> RunConfig:
    """The configuration of a form's values. Raises InputError that names every bad one."""
    return make_config(_nested(values))


def problems_of(values: Mapping[str, Any]) -> dict[str, str]:
    """What is wrong with a form's values, by setting: a message that names several settings stands at each of them.

    Under "" is what no setting of the form is named in.
    """
    found: dict[str, list[str]] = {}
    for path, message in setting_problems(_nested(values)):
        named = [path] if path in values else [each for each in re.findall(r"[a-z_]+\.[a-z_]+", message)]
        for each in dict.fromkeys(name for name in named if name in values) or ("",):
            found.setdefault(each, []).append(message)
    return {path: "\n".join(messages) for path, messages in found.items()}


def differences(values: Mapping[str, Any], base: RunConfig) -> dict[str, tuple[Any, Any]]:
    """The settings whose value is not the base's: (the base's, the form's) by path."""
    before = values_of(base)
    return {path: (before[path], value) for path, value in values.items() if not _same(before[path], value)}


def _same(one: Any, other: Any) -> bool:
    """Equal, where True is not 1 and 4 is 4.0."""
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def _at(nested: Mapping[str, Any], path: str) -> Any:
    value: Any = nested
    for key in path.split("."):
        value = value[key]
    return value


def _nested(values: Mapping[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for path, value in values.items():
        *sections, name = path.split(".")
        parent = result
        for section in sections:
            parent = parent.setdefault(section, {})
        parent[name] = value
    return result


# ---- the command line


def assignments_of(config: RunConfig, preset: str) -> list[str]:
    """`a.b=value` for every setting in which a configuration is not the preset: `override` gives it back."""
    changed = differences(values_of(config), presets.get(preset))
    return [f"{path}={_value_text(value)}" for path, (_, value) in changed.items()]


def command_of(config: RunConfig, preset: str) -> str:
    """The command that runs a configuration, quoted for a POSIX shell, one setting a line."""
    parts = [f"python -m kpod run --preset {shlex.quote(preset)}"]
    parts += [f"--set {shlex.quote(assignment)}" for assignment in assignments_of(config, preset)]
    return " \\\n  ".join(parts)


def config_of_assignments(preset: str, assignments: Sequence[str]) -> RunConfig:
    """What `python -m kpod run --preset PRESET --set ...` would run. Raises InputError as it would."""
    return override(presets.get(preset), list(assignments))


def _value_text(value: Any) -> str:
    """A value that `read_value` reads as itself, on one line with nothing invisible: bare where it can be."""
    if isinstance(value, str):
        if value.isprintable() and _reads_as(value, value):
            return value
        written = yaml.dump(value, default_style='"', allow_unicode=value.isprintable(), width=float("inf"))
    else:
        written = dump_yaml(value, default_flow_style=True, width=float("inf"))
    text = written.strip().removesuffix("...").strip()
    assert _reads_as(text, value), (text, value)
    return text


def _reads_as(text: str, value: Any) -> bool:
    try:
        read = read_value(text)
    except yaml.YAMLError:
        return False
    return type(read) is type(value) and read == value
