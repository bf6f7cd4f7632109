"""The map of questions as bytes for the canvas: what changes seldom in front of what a click changes."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np
import pandas as pd

from kpod.charts.colour import MISSING, sequential
from kpod.charts.question_colours import Colouring
from kpod.charts.question_stages import SupervisedSteps
from kpod.charts.text import one_line

MAX_HOVER_TEXTS = 20_000  # 90 characters each; beyond, hovering shows the question's id alone
MAX_HOVER_IDS = 200_000


def map_body(
    questions: pd.DataFrame,
    colouring: Colouring,
    supervised: SupervisedSteps | None = None,
    cluster_names: tuple[str, ...] = (),
) -> bytes:
    """A 4-byte length, a JSON header padded to 4 bytes, x, y and value as float32, then lengths and counts as uint8.

    Lengths (questions,) and counts (stages, questions) of supervised steps follow only with `supervised`; the header's
    `stages` is empty without. Questions without a place on the map must be left out before. The header's `key` is a
    digest of all the rest.
    """
    count = len(questions)
    meta = {
        "count": count,
        "ids": _short_ids(questions["question"].tolist()) if count <= MAX_HOVER_IDS else [],
        "texts": [one_line(str(text), 90) for text in questions["text"]] if count <= MAX_HOVER_TEXTS else [],
        "title": colouring.title,
        "names": list(colouring.names),
        "colours": list(colouring.colours),
        "shapes": list(colouring.shapes),
        # without the palest fifth: a point must show on the bare page
        "scale": {mode: sequential(mode == "dark", 41)[8:] for mode in ("light", "dark")},
        "low": colouring.low,
        "high": colouring.high,
        "missing": MISSING,
        "clusters": _name_places(questions, cluster_names),
        "byCluster": colouring.title == "Cluster",
        "stages": supervised.stages if supervised is not None else [],
    }
    columns = (questions["x"].to_numpy(), questions["y"].to_numpy(), colouring.values)
    arrays = b"".join(np.asarray(column, dtype="<f4").tobytes() for column in columns)
    if supervised is not None:
        arrays += supervised.lengths.tobytes() + supervised.counts.tobytes()
    digest = hashlib.blake2b(json.dumps(meta).encode() + arrays, digest_size=16).hexdigest()
    return _with_header({"key": digest, **meta}, arrays)


def map_payload(body: bytes, **state: Any) -> bytes:
    """The body behind a header of its own with what a click changes; `state` is plain values.

    The browser reads the body again only where its `key` is another.
    """
    return _with_header(state, body)


def _short_ids(ids: list[str]) -> list[str]:
    together = "".join(ids)
    if together.isascii() and together.isprintable() and " " not in together and max(map(len, ids), default=0) <= 40:
        return ids  # as nearly all are; one by one takes a fifth of a second for 100,000
    return [one_line(str(question), 40) for question in ids]


def _with_header(values: dict[str, Any], rest: bytes) -> bytes:
    text = json.dumps(values, ensure_ascii=True, allow_nan=False).encode()
    text += b" " * (-len(text) % 4)
    return len(text).to_bytes(4, "little") + text + rest


def _name_places(questions: pd.DataFrame, names: tuple[str, ...]) -> list[dict[str, Any]]:
    """Every cluster's name with its middle and the box that holds the inner nine tenths of it, the largest first."""
    if "cluster" not in questions:
        return []
    by_cluster = questions.loc[questions["cluster"] >= 0].groupby("cluster")[["x", "y"]]
    middle, low, high = by_cluster.median(), by_cluster.quantile(0.05), by_cluster.quantile(0.95)
    return [
        {
            "cluster": int(k),
            "x": float(middle.x[k]),
            "y": float(middle.y[k]),
            "low": low.loc[k].astype(float).tolist(),
            "high": high.loc[k].astype(float).tolist(),
            "name": names[int(k)] if int(k) < len(names) else str(k),
        }
        for k in by_cluster.size().sort_values(ascending=False, kind="stable").index
    ]
