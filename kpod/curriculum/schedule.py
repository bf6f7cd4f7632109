"""A finished schedule: what every stage gives as input, and why."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from kpod.curriculum.steps import StepTable
from kpod.errors import InputError

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Schedule:
    """c_i(t) for every stage t = 0..T and question i, and the log of how each stage was filled.

    Arrays by stage have T + 1 entries, row 0 being stage 0; difficulties are in nats. The figures of
    stage 0 are sums over the rounds of its fill. `bounds` are upper bounds of the value that any set
    could have reached.
    """

    input_steps: np.ndarray  # (num_stages + 1, questions) int32, c_i(t): steps given as input
    picked: np.ndarray  # (num_stages + 1, questions) bool: dropped steps because the selector chose it
    forced: np.ndarray  # (num_stages + 1, questions) bool: dropped steps because of the deadline
    budgets: np.ndarray  # (num_stages + 1,) D(t)
    supervised: np.ndarray  # (num_stages + 1,) H(t)
    gain_terms: np.ndarray  # (num_stages + 1,) sum of delta_i over the picks
    diversity_terms: np.ndarray  # (num_stages + 1,) beta * sum_k sqrt(picks of cluster k)
    forced_gains: np.ndarray  # (num_stages + 1,) difficulty that the deadline took from the budget
    bounds: np.ndarray  # (num_stages + 1,)
    betas: np.ndarray  # (num_stages + 1,) beta in use; NaN where it is relative and nothing was picked
    picks_by_cluster: np.ndarray  # (num_stages + 1, clusters) int64
    fill_rounds: int  # rounds that stage 0 took
    total: float  # B
    tolerance: float  # by which H(t) may pass D(t) without being an overrun
    feasible_delta_s: int | None = None  # the smallest delta_s that stays within the budget, where this one does not
    warnings: list[str] = field(default_factory=list)

    @property
    def num_stages(self) -> int:
        """T."""
        return len(self.budgets) - 1

    @property
    def num_questions(self) -> int:
        return self.input_steps.shape[1]

    @property
    def values(self) -> np.ndarray:
        """g of each stage: the gain term plus the diversity term."""
        return self.gain_terms + self.diversity_terms

    @property
    def slacks(self) -> np.ndarray:
        """D(t) - H(t) where that is left over, else 0."""
        return np.maximum(self.budgets - self.supervised, 0.0)

    @property
    def overruns(self) -> np.ndarray:
        """H(t) - D(t) where the deadline forced more than the budget holds, else 0."""
        over = self.supervised - self.budgets
        return np.where(over > self.tolerance, over, 0.0)

    @property
    def certificates(self) -> np.ndarray:
        """value / bound by stage: the picks are at least this share of the best possible; 1 where there
        was no choice."""
        ratios = np.divide(self.values, self.bounds, out=np.ones_like(self.bounds), where=self.bounds > 0)
        return np.minimum(ratios, 1.0)

    @property
    def num_unfinished(self) -> int:
        """Questions with input steps left at T; 0 with the deadline rule."""
        return int((self.input_steps[-1] > 0).sum())

    @property
    def jump(self) -> float:
        """Difficulty that stage T + 1 adds at once, where the whole rationale is supervised: B - H(T)."""
        return max(0.0, float(self.total - self.supervised[-1])) if self.num_unfinished else 0.0

    def stage_of_full_supervision(self) -> np.ndarray:
        """First stage at which each question has no input steps, (questions,); T + 1 where that is after
        T."""
        finished = self.input_steps == 0
        return np.where(finished.any(axis=0), finished.argmax(axis=0), self.num_stages + 1)

    def over_parts(self, parts: StepTable, first_rows: np.ndarray) -> Schedule:
        """This schedule of whole rationales, `parts.joined(first_rows)`, by their parts: the last part comes first.

        A part is given as many of its steps as the whole is given beyond the parts before. It is picked or forced at a
        stage where its whole is and some of its own steps are dropped.
        """
        whole_of_row = parts.whole_of_row(first_rows)
        given = self.input_steps[:, whole_of_row] - parts.steps_before(first_rows)
        given = np.clip(given, 0, parts.num_steps).astype(np.int32)
        dropped = np.diff(given, axis=0, prepend=parts.num_steps[None].astype(np.int32)) < 0
        picked, forced = self.picked[:, whole_of_row] & dropped, self.forced[:, whole_of_row] & dropped
        return replace(self, input_steps=given, picked=picked, forced=forced)

    def stages_table(self) -> pd.DataFrame:
        """One row a stage, as `stages.parquet` holds it."""
        import pandas as pd

        return pd.DataFrame(
            {
                "stage": np.arange(self.num_stages + 1),
                "budget": self.budgets,
                "supervised": self.supervised,
                "slack": self.slacks,
                "gain_term": self.gain_terms,
                "diversity_term": self.diversity_terms,
                "value": self.values,
                "bound": self.bounds,
                "certificate": self.certificates,
                "overrun": self.overruns,
                "picks_by_cluster": [row.tolist() for row in self.picks_by_cluster],
            }
        )

    def table(self, question_ids) -> pd.DataFrame:
        """One row a stage and question, stages first, as `schedule.parquet` holds it."""
        import pandas as pd

        ids = np.asarray(question_ids, dtype=object)
        if ids.shape != (self.num_questions,):
            raise InputError(f"{len(ids)} question ids arrived for a schedule of {self.num_questions} questions")
        return pd.DataFrame(
            {
                "stage": np.repeat(np.arange(self.num_stages + 1), self.num_questions),
                "question": np.tile(ids, self.num_stages + 1),
                "input_steps": self.input_steps.ravel(),
                "picked": self.picked.ravel(),
                "forced": self.forced.ravel(),
            }
        )
