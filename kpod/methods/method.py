"""What a method of distillation is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

USE_DIFFICULTY = ("kpod", "easy_to_hard", "hard_to_easy", "random")
"""Curricula (see kpod.curriculum.rivals) that go by the difficulty of steps."""


@dataclass(frozen=True)
class Method:
    """A way to distil: which parts of KPOD it turns on, what stands in their place, and what the student is taught.

    weighted_loss: tokens weigh w_j in the student's loss (Eq. 15), else 1.
    weighted_difficulty: a step's difficulty uses w (Eq. 8), else it is the mean loss.
    curriculum: what is supervised when, a name of kpod.curriculum.rivals; `kpod` is the schedule of Eq. 9 to 13, and
    `none` supervises everything from the first epoch.
    diversity: the schedule's value has its second term (Eq. 12), else beta is 0.
    objective: `rationale` teaches rationale and answer, `answer` the answer alone, `consistency` several rationales of
    a question that must agree in the answer, `counterfactual` also rationales that lead to another answer.
    """

    name: str
    label: str
    description: str
    weighted_loss: bool = True
    weighted_difficulty: bool = True
    curriculum: str = "kpod"
    diversity: bool = True
    objective: Literal["rationale", "answer", "consistency", "counterfactual"] = "rationale"

    @property
    def progressive(self) -> bool:
        """Whether there is a curriculum at all."""
        return self.curriculum != "none"

    @property
    def learns_weights(self) -> bool:
        """Whether mask learning is needed at all."""
        return self.weighted_loss or (self.weighted_difficulty and self.curriculum in USE_DIFFICULTY)

    @property
    def further_rationales(self) -> str | None:
        """Which rationales it needs beside the one a question has, as `kpod.further_rationales` calls them."""
        return {"consistency": "alternative", "counterfactual": "counterfactual"}.get(self.objective)
