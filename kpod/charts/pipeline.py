"""The pipeline as a picture: what each stage of a run came to, with a small drawing of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from kpod.charts import glyphs
from kpod.charts.colour import sequential
from kpod.charts.text import one_line

# (card, title, the pipeline's stages that make it, in order)
CARDS = (
    ("rationales", "Rationales", ("prepare", "evaluation set")),
    ("clusters", "Clusters", ("cluster", "map")),
    ("weights", "Token weights", ("weights",)),
    ("difficulty", "Step difficulty", ("losses", "difficulty")),
    ("curriculum", "Curriculum", ("schedule",)),
    ("distillation", "Distillation", ("distill",)),
    ("accuracy", "Accuracy", ("evaluate base", "evaluate")),
)


@dataclass(frozen=True)
class Card:
    """One stage: its state (done, running, waiting), its figure, what the figure is, and a drawing (SVG)."""

    title: str
    state: str
    figure: str
    detail: str
    drawing: str


def cards(tables: dict[str, pd.DataFrame], summary: dict[str, Any], running: str | None, dark: bool) -> list[Card]:
    """The cards of a run from what it has written; `running` names the pipeline stage at work."""
    makers = {
        "rationales": _rationales,
        "clusters": _clusters,
        "weights": lambda t, s: _weights(t, dark),
        "difficulty": _difficulty,
        "curriculum": _curriculum,
        "distillation": _distillation,
        "accuracy": _accuracy,
    }
    result = []
    for name, title, stages in CARDS:
        made = makers[name](tables, summary)
        state = "running" if running in stages else "done" if made else "waiting"
        result.append(Card(title, state, *(made or ("–", "not yet", ""))))
    return result


def _rationales(tables: dict[str, pd.DataFrame], summary: dict[str, Any]) -> tuple[str, str, str] | None:
    steps = tables.get("steps")
    if steps is None:
        return None
    lengths = steps.groupby("question_index").size().to_numpy()
    tokens = f", {summary['tokens']:,} tokens" if "tokens" in summary else ""
    counts = np.bincount(np.minimum(lengths, 12))[1:]
    return f"{len(lengths):,}", f"questions, {len(steps):,} steps{tokens}", glyphs.bars(counts)


def _clusters(tables: dict[str, pd.DataFrame], summary: dict[str, Any]) -> tuple[str, str, str] | None:
    questions = tables.get("questions")
    if questions is None or "x" not in questions:
        return None
    count = questions["cluster"].nunique()
    embedding = one_line(summary.get("embedding", "").partition(" with ")[0], 34)
    source = f" by {embedding}" if embedding else " of questions"
    drawing = glyphs.scatter(questions["x"], questions["y"], questions["cluster"])
    return str(count), f"clusters{source}", drawing


def _weights(tables: dict[str, pd.DataFrame], dark: bool) -> tuple[str, str, str] | None:
    tokens = tables.get("tokens")
    if tokens is None or "weight" not in tokens:
        return None
    weights = tokens["weight"].to_numpy(dtype=float)
    counts, _ = np.histogram(weights[np.isfinite(weights)], bins=16, range=(0, 1))
    colours = sequential(dark, 21)[5:]  # the palest would be no bar on the bare page
    return _mean(weights, ".0%"), "kept on average", glyphs.bars(counts, colours)


def _difficulty(tables: dict[str, pd.DataFrame], summary: dict[str, Any]) -> tuple[str, str, str] | None:
    steps = tables.get("steps")
    if steps is None or "difficulty" not in steps:
        return None
    by_step = steps.groupby("step")["difficulty"].mean().iloc[:10]
    figure = _mean(steps["difficulty"].to_numpy(dtype=float), ".2f")
    return figure, "nats a step on average, by position", glyphs.bars(by_step.to_list())


def _curriculum(tables: dict[str, pd.DataFrame], summary: dict[str, Any]) -> tuple[str, str, str] | None:
    stages = tables.get("stages")
    if stages is None:
        return None
    ordered = stages.sort_values("stage")
    drawing = glyphs.line(ordered["supervised"].to_list(), ordered["budget"].to_list())
    start = ordered["supervised"].iloc[0] / max(float(ordered["budget"].iloc[-1]), 1e-12)
    return f"{int(ordered['stage'].max())}", f"stages, from {start:.0%} of the difficulty on", drawing


def _distillation(tables: dict[str, pd.DataFrame], summary: dict[str, Any]) -> tuple[str, str, str] | None:
    history = tables.get("difficulty_history")
    if history is None:
        return None
    if not len(history):
        return "–", "no epoch is recorded", ""
    by_epoch = history.groupby("epoch")["difficulty"].mean()
    ends = (_mean(by_epoch.to_numpy(dtype=float)[[at]], ".2f") for at in (0, -1))
    return (
        f"{int(by_epoch.index.max())}",
        f"epochs, difficulty {' → '.join(ends)}",
        glyphs.line(by_epoch.to_list()),
    )


def _mean(values: np.ndarray, form: str) -> str:
    """Their mean in a form, or a dash where there is none: no values, or such as are no numbers or endless."""
    mean = values.mean() if len(values) else np.nan
    return format(mean, form) if np.isfinite(mean) else "–"


def _accuracy(tables: dict[str, pd.DataFrame], summary: dict[str, Any]) -> tuple[str, str, str] | None:
    if "accuracy" not in summary:
        return None
    final, base = summary["accuracy"], summary.get("base_accuracy")
    rows = [(entry["low"], entry["accuracy"], entry["high"]) for entry in (base, final) if entry]
    detail = f"of {final['questions']:,}, 95% {final['low']:.0%} to {final['high']:.0%}"
    if base:
        detail += f"; {base['accuracy']:.1%} before"
    return f"{final['accuracy']:.1%}", detail, glyphs.intervals(rows)
