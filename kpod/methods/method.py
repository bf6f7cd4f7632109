"""What a method of distillation is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Method:
    """A way to distil: which parts of KPOD it turns on.

    weighted_loss: tokens weigh w_j in the student's loss (Eq. 15), else 1.
    weighted_difficulty: a step's difficulty uses w (Eq. 8), else it is the mean loss.
    progressive: steps become supervised by the schedule (Eq. 9 to 13), else all from the first epoch.
    diversity: the schedule's value has its second term (Eq. 12), else beta is 0.
    """

    name: str
    label: str
    description: str
    weighted_loss: bool = True
    weighted_difficulty: bool = True
    progressive: bool = True
    diversity: bool = True

    @property
    def learns_weights(self) -> bool:
        """Whether mask learning is needed at all."""
        return self.weighted_loss or (self.progressive and self.weighted_difficulty)
