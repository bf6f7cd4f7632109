"""Fine-tuning on answers alone: what a student learns without any rationale."""

from __future__ import annotations

from kpod.methods.method import Method

ANSWER_ONLY = Method(
    "answer-only",
    "Answer only",
    "the student is taught the answer sentence right after the prompt, no rationale",
    weighted_loss=False,
    weighted_difficulty=False,
    curriculum="none",
    diversity=False,
    objective="answer",
)
