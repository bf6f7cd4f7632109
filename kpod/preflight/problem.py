"""Something that stands in a run's way, or should be known before it starts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Problem:
    """`error`: the run would fail. `warning`: it would go on, perhaps not as meant. `do`: what to change."""

    severity: Literal["error", "warning"]
    setting: str
    what: str
    do: str = ""


def error(setting: str, what: object, do: str = "") -> Problem:
    return Problem("error", setting, str(what), do)


def warning(setting: str, what: object, do: str = "") -> Problem:
    return Problem("warning", setting, str(what), do)
