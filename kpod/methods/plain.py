"""Plain chain-of-thought distillation, as in SCoTD (Li et al. 2023) with one rationale a question."""

from __future__ import annotations

from kpod.methods.method import Method

PLAIN = Method(
    "plain",
    "Plain distillation",
    "every token weighs 1, whole rationales from the first epoch",
    weighted_loss=False,
    weighted_difficulty=False,
    curriculum="none",
    diversity=False,
)
