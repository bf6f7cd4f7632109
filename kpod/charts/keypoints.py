"""What the token view shows: one payload with a rationale's tokens, words or steps and their weights in every epoch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from kpod.charts.colour import diverging, ink_on, sequential
from kpod.token_analysis import aggregate, number_spans, token_class, units_of


def token_texts(rationale: str, starts: np.ndarray, ends: np.ndarray) -> tuple[list[str], list[str]]:
    """The text of each token, and the text between it and the token before.

    Tokens of byte-level tokenisers can share a character: each character is shown once, by the first of them.
    """
    leads, texts, position = [], [], 0
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        start, end = max(start, position), max(end, position)
        leads.append(rationale[position:start])
        texts.append(rationale[start:end])
        position = end
    return leads, texts


def token_payload(
    rationale: str,
    tokens: pd.DataFrame,
    steps: pd.DataFrame,
    history: pd.DataFrame | None,
    granularity: str = "token",
    how: str = "mean",
) -> dict[str, Any]:
    """Everything that the token view needs of one rationale, plain values only.

    `tokens` and `steps` are the rows of one question. What is shown are units: tokens, or the words or steps that they
    make up, with their weights put together by `how` (mean, max or sum) and their losses added up. `weights` of the
    result is (epochs, units), a list of lists, the last row the final weights; `first` and `counts` (units,) say which
    tokens a unit holds, `numbers` (numbers,) in which units the digits of each number lie. Missing columns (a run that
    has not got that far) give None.
    """
    tokens = tokens.sort_values("position", kind="stable")
    starts, ends = tokens["character_start"].to_numpy(), tokens["character_end"].to_numpy()
    leads, texts = token_texts(rationale, starts, ends)
    token_steps = nearest_steps(tokens["step"].to_numpy())
    units = units_of(rationale, starts, ends, token_steps, granularity)
    first = np.flatnonzero(np.concatenate([[True], np.diff(units) != 0])[: len(units)])
    labels, rows = weights_by_epoch(tokens, history)
    weights = [aggregate(row, units, how) for row in rows]
    classes = [token_class(text) for text in texts]
    joined = _joined(leads, texts, units, first)
    return {
        "unit": granularity,
        "how": how,
        "leads": [leads[j] for j in first],
        "texts": joined,
        "tail": rationale[int(ends.max(initial=0)) :],
        "classes": classes if granularity == "token" else [token_class(text) for text in joined],
        "token_steps": token_steps[first].tolist(),
        "first": first.tolist(),
        "counts": np.bincount(units, minlength=len(first)).tolist(),
        "numbers": _numbers(rationale, starts, ends, units),
        "operators": _members(classes, "operator", units, len(first)),
        "nll": _rounded(aggregate(tokens["nll"], units, "sum")) if "nll" in tokens else None,
        "roles": _roles(tokens["role"].tolist(), units, len(first)) if "role" in tokens else None,
        "epochs": labels,
        "weights": [_rounded(row) for row in weights],
        "ranges": weight_ranges(weights, how),
        "steps": step_marks(steps),
    }


def weights_by_epoch(tokens: pd.DataFrame, history: pd.DataFrame | None) -> tuple[list[str], list[np.ndarray]]:
    """Labels and weights of every epoch of mask learning, the final weights last.

    The final weights get a row of their own, `final`, only where they differ from the last epoch's.
    """
    labels: list[str] = []
    rows: list[np.ndarray] = []
    positions = tokens["position"].to_numpy()
    if history is not None and len(history):
        for epoch, group in history.groupby("epoch", sort=True):
            row = group.set_index("position")["weight"].reindex(positions).to_numpy(dtype=float)
            if not np.isnan(row).any():
                labels.append(str(epoch))
                rows.append(row)
    if "weight" in tokens:
        final = tokens["weight"].to_numpy(dtype=float)
        if not rows or not np.allclose(rows[-1], final, atol=1e-4):
            labels.append("final")
            rows.append(final)
    return labels, rows


def weight_ranges(weights: list[np.ndarray], how: str = "mean") -> dict[str, list[float]]:
    """What the ends of the colour scale stand for: `fixed` for every rationale alike (0 to 1; sums go as far as they
    go), `own` for the least and the greatest weight of this rationale in any epoch."""
    values = np.concatenate(weights) if weights and len(weights[0]) else np.array([0.0, 1.0])
    low, high = float(values.min()), float(values.max())
    top = max(1.0, high) if how == "sum" else 1.0
    return {"fixed": [0.0, round(top, 4)], "own": [round(low, 4), round(max(high, low + 1e-3), 4)]}


def step_marks(steps: pd.DataFrame) -> list[dict[str, Any]]:
    """Number and difficulty of each step, and the difficulty's share of the hardest step's."""
    steps = steps.sort_values("step", kind="stable")
    difficulty = steps["difficulty"].to_numpy(dtype=float) if "difficulty" in steps else None
    hardest = float(np.nanmax(difficulty)) if difficulty is not None and len(difficulty) else 0.0
    return [
        {
            "step": int(step),
            "difficulty": None if difficulty is None else round(float(difficulty[i]), 3),
            "share": 0.0 if difficulty is None or hardest <= 0 else round(float(difficulty[i]) / hardest, 3),
        }
        for i, step in enumerate(steps["step"])
    ]


def scales() -> dict[str, dict[str, list[str]]]:
    """The colours of weights 0 to 1 with the ink that reads on them, and of differences -1 to 1, by page."""
    found = {}
    for mode in ("light", "dark"):
        fill, signed = sequential(mode == "dark"), diverging(mode == "dark")
        inks = {"ink": [ink_on(colour) for colour in fill], "signed_ink": [ink_on(colour) for colour in signed]}
        found[mode] = {"fill": fill, "signed": signed, **inks}
    return found


def nearest_steps(steps: np.ndarray) -> np.ndarray:
    """Steps with tokens outside of any step (-1) put to the step before them."""
    return np.maximum.accumulate(np.maximum(steps, 0)) if len(steps) else steps


def _joined(leads: list[str], texts: list[str], units: np.ndarray, first: np.ndarray) -> list[str]:
    result = [""] * len(first)
    starts = set(first.tolist())
    for j, unit in enumerate(units.tolist()):
        result[unit] += texts[j] if j in starts else leads[j] + texts[j]
    return result


def _numbers(rationale: str, starts: np.ndarray, ends: np.ndarray, units: np.ndarray) -> list[list[int]]:
    """The units of each number's digits, by characters; a number of which no token holds a digit is left out."""
    owners = np.full(len(rationale), -1, dtype=np.int64)
    for start, end, unit in zip(starts[::-1].tolist(), ends[::-1].tolist(), units[::-1].tolist(), strict=True):
        owners[start:end] = unit  # from the end, so that a character that tokens share is the first one's
    found = []
    for start, end in number_spans(rationale):
        digits = {int(owners[at]) for at in range(start, end) if rationale[at].isdigit() and owners[at] >= 0}
        if digits:
            found.append(sorted(digits))
    return found


def _members(classes: list[str], kind: str, units: np.ndarray, count: int) -> list[int]:
    """How many tokens of one class each unit holds."""
    return np.bincount(units, weights=[name == kind for name in classes], minlength=count).astype(int).tolist()


def _roles(roles: list[str], units: np.ndarray, count: int) -> list[str]:
    """The roles of each unit's tokens, every one once, "other" only where there is nothing else."""
    found: list[list[str]] = [[] for _ in range(count)]
    for unit, role in zip(units.tolist(), roles, strict=True):
        if role not in found[unit]:
            found[unit].append(role)
    return [", ".join([role for role in names if role != "other"] or names) for names in found]


def _rounded(values: np.ndarray) -> list[float]:
    return np.round(np.asarray(values, dtype=float), 4).tolist()
