"""A validation: the AUC of weights and baselines on every comparison, mean weights, and how they came with training."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from kpod.token_analysis import CLASSES, rows_of_places, word_weights
from kpod.weight_validation.material import Material
from kpod.weight_validation.roc import Bootstrap, auc, percentile_interval
from kpod.weight_validation.scores import SCORE_NAMES
from kpod.weight_validation.targets import Target, find_targets

MOST_FREQUENT = 40  # words
MADE_BY = {"digits": "digit", "digits_or_operators": "digit_or_operator"}
"""Comparisons that a baseline decides by definition."""


@dataclass(frozen=True)
class Report:
    """Plain values, so that it can be written as JSON; NaN stands as None.

    data: which rationales. truth: how their calculations are known; unknown: rationales of which they are not.
    aucs: a row a comparison and score: target, score, positives, negatives, auc, low, high; for a baseline also
    reversed (its AUC is below .5: less of it says more), and gap (the weight's AUC minus its own, or minus 1 - its own
    where it is reversed), gap_low and gap_high. Intervals hold 95% of `resamples` of whole questions.
    classes, roles, words: mean weight, standard deviation and count of each. epochs: the weight's AUC of each
    comparison by epoch of mask learning. agreement: rank correlations with other runs. encoding: of an encoder-decoder
    predictor, how far its two encodings were apart (nll_exact, nll_one_pass, encoding_difference; nats a token).
    losses: what the run's masks left of the rationales that it learned from (nll_masked, nll_full, nll_empty).
    fingerprint: of the stage that learned the weights.
    """

    data: str
    truth: str
    rationales: int
    unknown: int
    tokens: int
    resamples: int
    aucs: list[dict[str, Any]]
    classes: list[dict[str, Any]]
    roles: list[dict[str, Any]]
    words: list[dict[str, Any]]
    epochs: list[dict[str, Any]] = field(default_factory=list)
    agreement: list[dict[str, Any]] = field(default_factory=list)
    encoding: dict[str, float] = field(default_factory=dict)
    losses: dict[str, float] = field(default_factory=dict)
    made_at: str = ""
    fingerprint: str = ""

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    def auc_of(self, target: str, score: str = "weight") -> dict[str, Any] | None:
        """The row of a comparison and a score."""
        return next((row for row in self.aucs if (row["target"], row["score"]) == (target, score)), None)

    def best_baseline(self, target: str) -> dict[str, Any] | None:
        """The row of the baseline that does best on a comparison, in whichever direction it does better: where results
        are what a model foresees, a low NLL finds them. The rule that makes the comparison is no baseline.

        In a report of before gaps knew directions, the interval of a reversed baseline's gap is unknown (None).
        """
        own, idle = self.auc_of(target), ("weight", MADE_BY.get(target))
        rows = [row for row in self.aucs if row["target"] == target and row["score"] not in idle]
        if own is None or not rows:
            return None
        best = max(rows, key=lambda row: abs(row["auc"] - 0.5))
        if "reversed" in best:
            return best
        best = best | {"reversed": best["auc"] < 0.5}
        if not best["reversed"]:
            return best
        return best | {"gap": own["auc"] - (1 - best["auc"]), "gap_low": None, "gap_high": None}


def validate(
    material: Material,
    scores: Mapping[str, np.ndarray],
    *,
    data: str,
    resamples: int = 300,
    seed: int = 0,
) -> Report:
    """Hold the scores (tokens,), `weight` among them, against everything that is known of the material."""
    assert "weight" in scores and set(scores) <= set(SCORE_NAMES), list(scores)
    targets = find_targets(material)
    bootstrap = Bootstrap(len(material.ids), resamples, seed)
    aucs = [row for target in targets for row in _rows_of(target, scores, material.question, bootstrap)]
    weights, visible = material.column("weight").astype(float), material.visible
    kinds = np.array(CLASSES, dtype=object)[material.vocabulary.token_kinds]
    return Report(
        data=data,
        truth=material.truth,
        rationales=len(material.ids),
        unknown=sum(each is None for each in material.arithmetic),
        tokens=int(visible.sum()),
        resamples=resamples,
        aucs=aucs,
        classes=_means("kind", kinds[visible], weights[visible]),
        roles=[] if material.roles is None else _means("role", material.roles[visible], weights[visible]),
        words=_words(material, weights),
        epochs=_by_epoch(material, targets),
    )


def _rows_of(
    target: Target, scores: Mapping[str, np.ndarray], question: np.ndarray, bootstrap: Bootstrap
) -> list[dict[str, Any]]:
    among = target.among
    positive, questions = target.positive[among], question[among]
    counts = {"positives": int(positive.sum()), "negatives": int((~positive).sum())}
    names = [name for name in SCORE_NAMES if name in scores]
    values = {name: auc(scores[name][among], positive) for name in names}
    drawn = {name: bootstrap.aucs(scores[name][among], positive, questions) for name in names}
    rows = []
    for name in names:
        low, high = percentile_interval(drawn[name])
        row = {"target": target.name, "score": name, **counts, "auc": values[name], "low": low, "high": high}
        if name != "weight":
            turned = values[name] < 0.5
            own, its = (1 - values[name], 1 - drawn[name]) if turned else (values[name], drawn[name])
            low, high = percentile_interval(drawn["weight"] - its)
            row |= {"reversed": turned, "gap": values["weight"] - own, "gap_low": low, "gap_high": high}
        rows.append({key: _plain(value) for key, value in row.items()})
    return rows


def _means(label: str, groups: np.ndarray, weights: np.ndarray) -> list[dict[str, Any]]:
    """Mean weight, spread and count of each group, the heaviest first."""
    rows = []
    for name in np.unique(groups.astype(str)):
        inside = weights[groups == name]
        rows.append(
            {label: str(name), "count": len(inside), "weight": float(inside.mean()), "spread": float(inside.std())}
        )
    return sorted(rows, key=lambda row: -row["weight"])


def _words(material: Material, weights: np.ndarray) -> list[dict[str, Any]]:
    table = word_weights(material.vocabulary, weights).head(MOST_FREQUENT)
    return table[["word", "kind", "count", "weight", "spread"]].to_dict("records")


def _by_epoch(material: Material, targets: list[Target]) -> list[dict[str, Any]]:
    if material.history is None:
        return []
    rows = []
    for epoch, part in material.history.groupby("epoch"):
        wanted = part["question_index"].to_numpy(), part["position"].to_numpy()
        places, known = rows_of_places(material.question, material.column("position"), *wanted)
        places, weights = places[known], part["weight"].to_numpy()[known]
        for target in targets:
            inside = target.among[places]
            value = auc(weights[inside], target.positive[places[inside]])
            rows.append({"epoch": int(epoch), "target": target.name, "auc": _plain(value)})
    return rows


def _plain(value: Any) -> Any:
    value = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(value, float) and math.isnan(value) else value
