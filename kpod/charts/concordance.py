"""What the concordance shows: occurrences in a chosen order, as a payload for the component and as a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

ORDERS = ("highest weight", "lowest weight", "highest loss", "what follows", "what stands before", "corpus")
MAX_SHOWN = 500  # rows that are drawn; the file has all of them


def ordered(found: pd.DataFrame, order: str) -> pd.DataFrame:
    """The occurrences of `in_context` in one of ORDERS; ties stay as in the corpus."""
    assert order in ORDERS, order
    if order == "corpus" or (order == "highest loss" and "nll" not in found):
        return found
    if order == "what follows":
        keys = found["right"].str.strip().str.lower()
    elif order == "what stands before":  # sorted by the nearest word first
        keys = pd.Series([" ".join(reversed(left.lower().split())) for left in found["left"]], index=found.index)
    else:
        keys = -found["nll"] if order == "highest loss" else found["weight"] * (-1 if order == "highest weight" else 1)
    return found.loc[keys.sort_values(kind="stable").index]


def concordance_payload(found: pd.DataFrame, ids: Sequence[str], positions: Sequence[int]) -> dict[str, Any]:
    """The first MAX_SHOWN rows, plain values: texts around, weight, loss, step, question id and token position.

    `ids` are the questions' ids by index, `positions` the places of the tokens in their rationales by row.
    """
    shown = found.head(MAX_SHOWN)
    return {
        "left": shown["left"].tolist(),
        "text": shown["text"].tolist(),
        "right": shown["right"].tolist(),
        "weight": shown["weight"].round(4).tolist(),
        "nll": shown["nll"].round(3).tolist() if "nll" in shown else None,
        "step": (shown["step"].clip(lower=0) + 1).tolist(),
        "question": [ids[i] for i in shown["question_index"]],
        "token": [int(positions[row]) for row in shown["token_row"]],
        "total": len(found),
    }


def concordance_table(found: pd.DataFrame, ids: Sequence[str]) -> pd.DataFrame:
    """All rows for a file: question, start, end, left, text, right, weight, tokens, step (from 1), nll where known."""
    table = found.assign(question=[ids[i] for i in found["question_index"]], step=found["step"].clip(lower=0) + 1)
    columns = ["question", "start", "end", "left", "text", "right", "weight", "tokens", "step"]
    return table[columns + (["nll"] if "nll" in table else [])]
