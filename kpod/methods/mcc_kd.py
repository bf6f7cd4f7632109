"""MCC-KD: several rationales of a question must agree in the answer (Chen et al., EMNLP 2023 Findings, 2310.14747).

The loss and the departures from it are in `kpod.distillation.consistency`; the rationales in `kpod.further_rationales`.
"""

from __future__ import annotations

from kpod.methods.method import Method

MCC_KD = Method(
    "mcc-kd",
    "MCC-KD",
    "two rationales of a question at a time, and the KL divergence between their answers (needs `rationales`)",
    weighted_loss=False,
    weighted_difficulty=False,
    curriculum="none",
    diversity=False,
    objective="consistency",
)
