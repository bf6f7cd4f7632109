"""Settings that do not go with the student's family: told before a run, and refused by it. No torch."""

from __future__ import annotations

from dataclasses import dataclass

from kpod.config import RunConfig
from kpod.students.registry import Family


@dataclass(frozen=True)
class Misfit:
    """A setting, what is wrong with it, and what to do."""

    setting: str
    what: str
    advice: str

    def __str__(self) -> str:
        return f"{self.setting}: {self.what} {self.advice}"


def find_misfits(config: RunConfig, family: Family) -> list[Misfit]:
    """What a student of this family cannot do; empty where all is well."""
    if family == "decoder_only" and config.distillation.given_steps == "encoder_input":
        what = f"It is encoder_input, and {config.student.name!r} is a causal student, which has no encoder."
        return [Misfit("distillation.given_steps", what, "Set it to decoder_prefix.")]
    return []
