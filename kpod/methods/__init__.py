"""Methods of distillation by name: what each turns on. To add one: a file here, and a line below. No torch."""

from __future__ import annotations

import difflib

from kpod.errors import InputError
from kpod.methods.answer_only import ANSWER_ONLY
from kpod.methods.kpod import KPOD, KPOD_NO_DIVERSITY, KPOD_NO_PROGRESSION, KPOD_NO_SIGNIFICANCE, KPOD_PLAIN_DIFFICULTY
from kpod.methods.mcc_kd import MCC_KD
from kpod.methods.method import Method
from kpod.methods.plain import PLAIN
from kpod.methods.rival_curricula import KPOD_WITH_RIVALS, PLAIN_WITH_RIVALS
from kpod.methods.scott import SCOTT

METHODS: dict[str, Method] = {
    method.name: method
    for method in (
        KPOD,
        KPOD_NO_SIGNIFICANCE,
        KPOD_PLAIN_DIFFICULTY,
        KPOD_NO_PROGRESSION,
        KPOD_NO_DIVERSITY,
        *KPOD_WITH_RIVALS,
        PLAIN,
        *PLAIN_WITH_RIVALS,
        ANSWER_ONLY,
        MCC_KD,
        SCOTT,
    )
}


def get(name: str) -> Method:
    """The method of a name. Raises InputError that names the nearest one."""
    if name not in METHODS:
        near = difflib.get_close_matches(name, METHODS, n=1, cutoff=0.4)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise InputError(f"{name!r} is no method.{hint} There are {', '.join(METHODS)}.")
    return METHODS[name]


__all__ = ["METHODS", "Method", "get"]
