"""What learned masks leave of the rationales: the answer's loss with them masked, whole and gone, on the same ones."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from kpod.token_weighting.learner import MaskLearner
from kpod.token_weighting.predictor import RationaleBatch

MEASURED = 128  # rationales at most: a look at the end should cost little beside the learning


@dataclass(frozen=True)
class AnswerLosses:
    """The answer's mean NLL (nats a token, over all prefixes) with rationales masked as learned, whole and masked away,
    all three on the same `rationales`."""

    masked: float
    full: float
    empty: float
    rationales: int

    def notes(self) -> dict[str, float]:
        """For a run's summary."""
        return {f"nll_{name}": getattr(self, name) for name in ("masked", "full", "empty")} | {
            "nll_rationales": self.rationales
        }


def measure_answer_losses(learner: MaskLearner, batches: Iterable[RationaleBatch], seed: int) -> AnswerLosses:
    """The three losses of Eq. 5 over batches, a mean over rationales; masks are drawn as in training's last step."""
    sums, rationales = np.zeros(3), 0
    for index, batch in enumerate(batches):
        size = len(batch.input_ids_BL)
        sums += size * np.array(learner.answer_nlls_now(batch, seed + index))
        rationales += size
    masked, full, empty = (sums / rationales).tolist()
    return AnswerLosses(masked, full, empty, rationales)
