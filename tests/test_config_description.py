"""The description of the settings, as forms and help use it."""

from __future__ import annotations

import pytest

from kpod import presets
from kpod.config_description import describe_settings

ROWS = {row["setting"]: row for row in describe_settings()}


def test_every_setting_is_described():
    assert ROWS["curriculum.beta"]["paper"] == 12.0 and ROWS["curriculum.beta"]["default"] == 12.0
    assert ROWS["weights.epochs"]["unit"] == "epochs"
    assert all(row["description"] for row in ROWS.values())
    values = presets.get("example").model_dump()
    leaves = {name for name, value in values.items() if not isinstance(value, dict)}
    leaves |= {f"{section}.{name}" for section, inner in values.items() if isinstance(inner, dict) for name in inner}
    assert leaves == set(ROWS)


@pytest.mark.parametrize(
    ("setting", "kind", "optional"),
    [
        ("name", "text", False),
        ("data.task", "text", True),
        ("data.train_limit", "whole", True),
        ("seed", "whole", False),
        ("weights.dual_rate", "number", True),
        ("weights.max_questions", "whole", True),
        ("curriculum.deadline", "flag", False),
        ("curriculum.selector", "choice", False),
    ],
)
def test_what_a_setting_takes(setting, kind, optional):
    assert (ROWS[setting]["kind"], ROWS[setting]["optional"]) == (kind, optional)


def test_choices_and_bounds():
    assert ROWS["curriculum.selector"]["choices"] == ("structured", "ftgp")
    assert ROWS["curriculum.initial_fraction"]["bounds"] == {"ge": 0, "le": 1}
    assert ROWS["weights.tolerance"]["bounds"] == {"gt": 0, "lt": 1}
    assert ROWS["name"]["bounds"] == {"min_length": 1, "max_length": 120}
    assert ROWS["student.device"]["bounds"]["pattern"].startswith("^(auto")
