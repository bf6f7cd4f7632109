"""What the token view shows: one payload with a rationale's tokens and their weights in every epoch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from kpod.charts.colour import ink_on, sequential

CLASSES = ("digit", "operator", "word", "other")
_OPERATORS = frozenset("+-*/=×÷−<>%^")


def token_class(text: str) -> str:
    """One of CLASSES: what a token looks like, whatever it means."""
    stripped = text.strip()
    if stripped and all(c.isdigit() or c in ".," for c in stripped) and any(c.isdigit() for c in stripped):
        return "digit"
    if stripped and all(c in _OPERATORS for c in stripped):
        return "operator"
    return "word" if any(c.isalpha() for c in stripped) else "other"


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
) -> dict[str, Any]:
    """Everything that the token view needs of one rationale, plain values only.

    `tokens` and `steps` are the rows of one question; `weights` of the result is (epochs, tokens), a list of lists,
    the last row the final weights. Missing columns (a run that has not got that far) give None.
    """
    tokens = tokens.sort_values("position", kind="stable")
    starts, ends = tokens["character_start"].to_numpy(), tokens["character_end"].to_numpy()
    leads, texts = token_texts(rationale, starts, ends)
    epochs, weights = weights_by_epoch(tokens, history)
    nll = tokens["nll"].to_numpy(dtype=float) if "nll" in tokens else None
    return {
        "leads": leads,
        "texts": texts,
        "tail": rationale[int(ends.max(initial=0)) :],
        "classes": [token_class(text) for text in texts],
        "token_steps": _nearest_steps(tokens["step"].to_numpy()),
        "nll": None if nll is None else _rounded(nll),
        "epochs": epochs,
        "weights": [_rounded(row) for row in weights],
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
    """The colours of weights 0 to 1 with the ink that reads on them, for light and dark pages."""
    return {
        mode: {"fill": (fill := sequential(mode == "dark")), "ink": [ink_on(colour) for colour in fill]}
        for mode in ("light", "dark")
    }


def _nearest_steps(steps: np.ndarray) -> list[int]:
    """Steps with tokens outside of any step (-1) put to the step before them."""
    result, current = [], 0
    for step in steps.tolist():
        current = step if step >= 0 else current
        result.append(current)
    return result


def _rounded(values: np.ndarray) -> list[float]:
    return [round(float(v), 4) for v in values]
