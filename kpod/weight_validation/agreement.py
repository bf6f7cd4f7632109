"""How far two sets of weights rank the same tokens alike: two seeds, two students, two recipes."""

from __future__ import annotations

from typing import Any

import numpy as np

from kpod.curriculum.ranks import mean_spearman_within, spearman
from kpod.errors import InputError
from kpod.token_analysis import CLASSES, same_tokens
from kpod.weight_validation.material import Material

AGREEMENT_COLUMNS = {
    "questions": "rationales",
    "tokens": "tokens",
    "spearman": "Spearman",
    "within": "within a rationale",
    "in_digits": "within the digits",
    "kendall": "Kendall's tau-b",
}


def agreement_of(first: Material, second: Material) -> dict[str, Any]:
    """Rank correlations over the visible tokens that are the same span of the same question.

    spearman: over all of them; within: the mean of each rationale's own; in_digits: over digits alone; kendall: tau-b
    over all. NaN where one side is constant. Raises InputError where the two have no token in common.
    """
    numbers = {identifier: index for index, identifier in enumerate(first.ids)}
    same_text = [
        index if index is not None and first.rationales[index] == text else -1
        for index, text in ((numbers.get(name), text) for name, text in zip(second.ids, second.rationales, strict=True))
    ]
    spans = ("character_start", "character_end")
    rows_a, rows_b = same_tokens(
        first.question,
        *(first.column(name) for name in spans),
        np.array(same_text, dtype=np.int64)[second.question],
        *(second.column(name) for name in spans),
    )
    shown = first.visible[rows_a]
    rows_a, rows_b = rows_a[shown], rows_b[shown]
    if not len(rows_a):
        raise InputError(
            "The two runs have no token of the same rationale in common. Compare runs of the same questions and "
            "rationales."
        )
    a, b = (side.column("weight")[rows].astype(float) for side, rows in ((first, rows_a), (second, rows_b)))
    order = np.argsort(first.question[rows_a], kind="stable")
    question = first.question[rows_a][order]
    edges = np.concatenate([[0], np.flatnonzero(np.diff(question)) + 1, [len(question)]])
    digit = first.vocabulary.token_kinds[rows_a] == CLASSES.index("digit")
    return {
        "questions": len(edges) - 1,
        "tokens": len(rows_a),
        "spearman": spearman(a, b),
        "within": mean_spearman_within(a[order], b[order], edges),
        "in_digits": spearman(a[digit], b[digit]) if digit.any() else float("nan"),
        "kendall": _kendall(a, b),
    }


def _kendall(first: np.ndarray, second: np.ndarray) -> float:
    from scipy.stats import kendalltau  # takes a second to import, and pages read this package

    return float(kendalltau(first, second).statistic)
