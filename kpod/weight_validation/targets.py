"""Which tokens ought to weigh more than which others, by what is known of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kpod.tasks.small_world.roles import IDLE_ROLES, KEY_ROLES
from kpod.token_analysis import CLASSES
from kpod.weight_validation.material import Material

TARGET_NAMES = {
    "results": "results",
    "calculations": "whole calculations",
    "digits": "digits",
    "digits_or_operators": "digits and operators",
    "results_in_digits": "results, within the digits",
    "results_operands": "results against operands",
    "results_copied": "results against copied numbers",
    "last_step": "last step against earlier ones",
    "last_step_in_digits": "last step, within the digits",
    "last_results": "last step's results against earlier results",
    "key_roles": "key roles against filler and irrelevant",
    "cues_filler": "cue words against filler",
    "cues_in_words": "cue words, within the words",
}
"""What each comparison is called; see `find_targets`."""


@dataclass(frozen=True)
class Target:
    """A comparison of tokens: those that are `positive` against the rest of `among`; both (tokens,), and the first
    within the second."""

    name: str
    among: np.ndarray
    positive: np.ndarray

    @property
    def is_defined(self) -> bool:
        """Whether there are tokens on both sides."""
        return bool(self.positive.any() and (self.among & ~self.positive).any())


def find_targets(material: Material) -> list[Target]:
    """Every comparison that the material has both sides of, in the order of TARGET_NAMES.

    Against results and calculations stand all other visible tokens of rationales whose arithmetic is known. Copied
    numbers stood in the question or before in the rationale (in the small world: have the role `number` or `earlier`)
    and are no results; a number that is neither is left out.
    """
    visible = material.visible
    kinds = material.vocabulary.token_kinds
    digit = visible & (kinds == CLASSES.index("digit"))
    operator, word = (visible & (kinds == CLASSES.index(name)) for name in ("operator", "word"))
    known = visible & np.array([each is not None for each in material.arithmetic], dtype=bool)[material.question]
    result = visible & material.tokens_in([each and each.results for each in material.arithmetic])
    calculation = visible & material.tokens_in([each and each.calculations for each in material.arithmetic])
    copied = digit & material.copied()
    roles = material.roles
    if roles is not None:
        known, result, copied = visible, visible & (roles == "result"), visible & np.isin(roles, ("number", "earlier"))
        calculation = calculation | result
    last = _last_step(material)
    several = visible & (_steps(material)[material.question] > 0)
    sides = {
        "results": (known, result),
        "calculations": (known, calculation),
        "digits": (visible, digit),
        "digits_or_operators": (visible, digit | operator),
        "results_in_digits": (known & digit, result),
        "results_operands": (known & digit & calculation, result),
        "results_copied": (known & digit & (result | copied), result),
        "last_step": (several, last),
        "last_step_in_digits": (several & digit, last),
        "last_results": (several & digit & result, last),
    }
    if roles is not None:
        cue = roles == "cue"
        key, idle = np.isin(roles, KEY_ROLES), np.isin(roles, IDLE_ROLES)
        sides["key_roles"] = (visible & (key | idle), key)
        sides["cues_filler"] = (visible & (cue | (roles == "filler")), cue)
        sides["cues_in_words"] = (word, cue)
    targets = [Target(name, among, among & positive) for name, (among, positive) in sides.items()]
    return [target for target in targets if target.is_defined]


def _steps(material: Material) -> np.ndarray:
    """The last step of every question, (questions,)."""
    last = np.zeros(len(material.ids), dtype=np.int64)
    np.maximum.at(last, material.question, material.column("step"))
    return last


def _last_step(material: Material) -> np.ndarray:
    return material.column("step") == _steps(material)[material.question]
