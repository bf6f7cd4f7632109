"""Settings that were renamed or came since: older files are read as what they meant, and it is said so. No torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Renamed:
    """Where a setting of before went: its section and name now, and what each of its values has become."""

    section: str
    before: str
    now: str
    values: dict[Any, Any]

    def advice(self) -> str:
        """What to write instead."""
        pairs = " and ".join(f"{now} for {str(before).lower()}" for before, now in self.values.items())
        return f"It is now {self.section}.{self.now}: {pairs}."


RENAMED = (Renamed("data", "keep_wrong_rationales", "wrong_rationales", {False: "drop", True: "keep"}),)


@dataclass(frozen=True)
class Later:
    """Settings that came later, with what all did before. `beside`: settings that a stored file always had, and that
    nobody writes all of by hand; where they stand, what is absent was not there yet, and is not left to its default."""

    section: str
    beside: tuple[str, ...]
    values: dict[str, Any]


LATER = (
    Later(
        "weights",
        ("mode", "epochs", "warmup_epochs", "lora_rank", "objective", "tolerance", "temperature", "logit_bound"),
        {"rest_weight": 0.0, "generator_rate": None, "class_rate": 1.0, "predictor_rate": None, "final_rate": 1.0},
    ),
)


def translate_settings(values: Any) -> tuple[Any, tuple[str, ...]]:
    """Plain values of an older file under the present names, and a sentence on each that was translated; in a stored
    file settings that came later are as all runs had them before.

    What cannot be translated (an unknown value, or the old name beside the new one) is left for validation to refuse.
    """
    remarks = []
    for each in RENAMED:
        section = values.get(each.section) if isinstance(values, dict) else None
        if not isinstance(section, dict) or each.before not in section or each.now in section:
            continue
        found = section[each.before]
        if not isinstance(found, bool) or found not in each.values:
            continue
        rest = {name: value for name, value in section.items() if name != each.before}
        values = values | {each.section: rest | {each.now: each.values[found]}}
        remarks.append(
            f"{each.section}.{each.before}={str(found).lower()} is of an older version and was read as "
            f"{each.section}.{each.now}={each.values[found]}."
        )
    for each in LATER:
        section = values.get(each.section) if isinstance(values, dict) else None
        if isinstance(section, dict) and set(each.beside) <= set(section):
            values = values | {each.section: each.values | section}
            if absent := [name for name in each.values if name not in section]:
                read = ", ".join(f"{each.section}.{name}={_written(each.values[name])}" for name in absent)
                remarks.append(f"Settings that came after this file were read as what runs did before: {read}.")
    return values, tuple(remarks)


def _written(value: Any) -> str:
    """A plain value as one writes it in the file or behind --set."""
    return "null" if value is None else f"{value:g}"


def advice_on(path: str) -> str:
    """What to write instead of a setting that there is no more; empty for any other."""
    return next((each.advice() for each in RENAMED if path == f"{each.section}.{each.before}"), "")
