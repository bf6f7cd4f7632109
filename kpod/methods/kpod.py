"""KPOD and its ablations (Feng et al. 2024, Table 2)."""

from __future__ import annotations

from kpod.methods.method import Method

KPOD = Method("kpod", "KPOD", "weighted loss, weighted difficulty, progressive schedule with diversity")
KPOD_NO_SIGNIFICANCE = Method(
    "kpod-sig",
    "KPOD -sig",
    "every token weighs the same, in the loss and in the difficulty",
    weighted_loss=False,
    weighted_difficulty=False,
)
KPOD_PLAIN_DIFFICULTY = Method(
    "kpod-sig-dif", "KPOD -sig-dif", "weighted loss, but difficulty without the weights", weighted_difficulty=False
)
KPOD_NO_PROGRESSION = Method(
    "kpod-prog", "KPOD -prog", "weighted loss on whole rationales from the first epoch", curriculum="none"
)
KPOD_NO_DIVERSITY = Method(
    "kpod-div", "KPOD -div", "KPOD whose schedule is blind to clusters (beta 0)", diversity=False
)
