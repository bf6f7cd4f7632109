"""What an ablation varies besides method and seed: a setting, or an option of the small world, by values. No torch.

`small_world.filler_share` is an option of the problems that a run learns from and of those of its own data that it is
measured on: the option changes in `data.source`, and in `data.evaluation_source` where that is a small world too.
`data.evaluation_sets` stay as they are, so that every student can be measured on the same further questions.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import yaml

from kpod.config import RunConfig, make_config, override
from kpod.config_yaml import load_yaml
from kpod.errors import InputError
from kpod.tasks.small_world import PREFIX, with_option

SMALL_WORLD = "small_world."
_OF_THE_MATRIX = {
    "method": "--methods gives the methods",
    "seed": "--seeds says how many seeds",
    "name": "every run gets its own name",
    "distillation.length": "--equal says what all methods get the same number of",
}


@dataclass(frozen=True)
class Variation:
    """A setting by its path, or `small_world.OPTION`, and the values that it takes, as they were written."""

    setting: str
    values: tuple[str, ...]


def parse_variation(text: str) -> Variation:
    """`NAME=A,B,C`, or `NAME=["A,1", "B,2"]` (YAML) for values that hold commas. Raises InputError."""
    setting, separator, given = (part.strip() for part in text.partition("="))
    if not separator or not setting:
        raise InputError(
            f"Got --vary {text!r}; write a setting and its values, as in --vary {SMALL_WORLD}filler_share=0,0.5,1."
        )
    values = _listed(text, given) if given.startswith("[") else [part.strip() for part in given.split(",")]
    if not values or not all(values) or len(set(values)) < len(values):
        raise InputError(f"--vary {text!r} has the values {values}; give at least one, each once and none empty.")
    return Variation(setting, tuple(values))


def _listed(text: str, given: str) -> list[str]:
    try:
        values = load_yaml(given)
    except yaml.YAMLError as error:
        raise InputError(f"The values of --vary {text!r} are no list in YAML: {error}.") from error
    if not isinstance(values, list):
        raise InputError(f"The values of --vary {text!r} are no list in YAML; write [A, B, C].")
    return [each if isinstance(each, str) else json.dumps(each) for each in values]


def check_variations(config: RunConfig, variations: Sequence[Variation]) -> None:
    """Raise InputError for a setting that comes twice, is none or is none to vary, or a value that it cannot take."""
    settings = [variation.setting for variation in variations]
    if repeated := [name for name in dict.fromkeys(settings) if settings.count(name) > 1]:
        raise InputError(f"{', '.join(repeated)} is varied twice. Give all its values in one --vary.")
    for variation in variations:
        for value in variation.values:
            varied(config, variation.setting, value)


def varied(config: RunConfig, setting: str, value: str) -> RunConfig:
    """The configuration with one value of a variation. Raises InputError for what cannot be."""
    if setting in _OF_THE_MATRIX:
        raise InputError(f"{setting} is no setting to vary: {_OF_THE_MATRIX[setting]}.")
    if not setting.startswith(SMALL_WORLD):
        return override(config, [f"{setting}={value}"])
    if not config.data.source.startswith(PREFIX):
        raise InputError(
            f"{setting} is varied, but data.source is {config.data.source!r} and no small world. Start from the preset "
            f"nano, or set data.source={PREFIX}train=400,test=200,seed=1."
        )
    option, values = setting.removeprefix(SMALL_WORLD), config.model_dump()
    for name in ("source", "evaluation_source"):
        if (values["data"][name] or "").startswith(PREFIX):
            values["data"][name] = with_option(values["data"][name], option, value)
    return make_config(values)
