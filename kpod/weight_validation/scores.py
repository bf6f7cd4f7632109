"""Scores of tokens that need no learning, to hold the weights against: what stands there, how rare, how surprising."""

from __future__ import annotations

from typing import Any

import numpy as np

from kpod.token_analysis import CLASSES
from kpod.weight_validation.material import Material

SCORE_NAMES = {
    "weight": "learned weight",
    "digit": "is a digit",
    "digit_or_operator": "is a digit or operator",
    "nll": "token NLL",
    "inverse_frequency": "inverse frequency",
    "attention": "attention from the answer",
    "gradient": "gradient times input",
}
"""The scores that a validation knows, in the order in which it shows them."""


def baseline_name(row: dict[str, Any]) -> str:
    """What to call the best baseline of a comparison: its score, and whether less of it says more."""
    return SCORE_NAMES[row["score"]] + (", reversed" if row["reversed"] else "")


def plain_scores(material: Material) -> dict[str, np.ndarray]:
    """Scores (tokens,) by name that need no model: the weight, two rules, the NLL where it is known, and the inverse
    of how often a token's text occurs in all rationales."""
    vocabulary = material.vocabulary
    kinds = vocabulary.token_kinds
    digit, operator = kinds == CLASSES.index("digit"), kinds == CLASSES.index("operator")
    scores = {
        "weight": material.column("weight").astype(float),
        "digit": digit.astype(float),
        "digit_or_operator": (digit | operator).astype(float),
    }
    if "nll" in material.tokens:
        scores["nll"] = material.column("nll").astype(float)
    counts = np.bincount(vocabulary.codes, minlength=len(vocabulary.texts))
    return scores | {"inverse_frequency": 1 / counts[vocabulary.codes]}
