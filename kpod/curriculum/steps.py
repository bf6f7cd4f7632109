"""The steps of all questions as one flat array, and what dropping input steps gains."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kpod.errors import InputError

# Nothing that a student could measure; quotients with numbers below it overflow.
SMALLEST_DIFFICULTY = 1e-100


def without_dust(difficulties: np.ndarray) -> np.ndarray:
    """Difficulties below `SMALLEST_DIFFICULTY` as the zeros that they are."""
    return np.where(difficulties < SMALLEST_DIFFICULTY, 0.0, difficulties)


@dataclass(frozen=True)
class StepTable:
    """Step difficulties of question i are `difficulties[offsets[i]:offsets[i + 1]]`, in reading order, in
    nats."""

    difficulties: np.ndarray  # (steps,) float64
    offsets: np.ndarray  # (questions + 1,) int64

    def __post_init__(self) -> None:
        if self.difficulties.ndim != 1 or not np.isfinite(self.difficulties).all() or (self.difficulties < 0).any():
            raise InputError("step difficulties hold a NaN, an infinite or a negative value; give finite ones")
        lengths = np.diff(self.offsets)
        if len(lengths) == 0:
            raise InputError("no questions arrived; a schedule needs at least one")
        if (lengths < 1).any():
            raise InputError(
                f"question {int(np.flatnonzero(lengths < 1)[0])} has no step; give every question one or more"
            )
        if self.offsets[0] != 0 or self.offsets[-1] != len(self.difficulties):
            raise InputError(
                f"step offsets run from {self.offsets[0]} to {self.offsets[-1]}; they must run from 0 to the "
                f"number of steps, {len(self.difficulties)}"
            )
        object.__setattr__(self, "difficulties", without_dust(self.difficulties))

    @classmethod
    def of(cls, step_difficulties) -> StepTable:
        """From a list of one-dimensional arrays, one a question; a StepTable passes through."""
        if isinstance(step_difficulties, cls):
            return step_difficulties
        arrays = [np.asarray(one, dtype=np.float64) for one in step_difficulties]
        for question, one in enumerate(arrays):
            if one.ndim != 1:
                raise InputError(f"question {question} has difficulties of shape {one.shape}; one dimension is allowed")
        lengths = np.fromiter((len(one) for one in arrays), dtype=np.int64, count=len(arrays))
        flat = np.concatenate(arrays) if arrays else np.zeros(0)
        return cls(flat, np.concatenate([[0], np.cumsum(lengths)]))

    @classmethod
    def of_rows(cls, question_indices, difficulties) -> StepTable:
        """From one row a step, as `steps.parquet` has them: `question_indices` (steps,) rise from 0 without a gap."""
        indices = np.asarray(question_indices)
        jumps = np.diff(indices)
        if indices.ndim != 1 or not len(indices) or indices[0] != 0 or not ((jumps == 0) | (jumps == 1)).all():
            raise InputError("step rows must be sorted by question, numbered from 0 without a gap; sort the table")
        lengths = np.bincount(indices)
        return cls(np.asarray(difficulties, dtype=np.float64), np.concatenate([[0], np.cumsum(lengths)]))

    def joined(self, first_rows: np.ndarray) -> StepTable:
        """The steps of whole rationales whose parts the rows are; `first_rows` (wholes,): of each the first, from 0."""
        return StepTable(self.difficulties, np.append(self.offsets[first_rows], self.offsets[-1]))

    def whole_of_row(self, first_rows: np.ndarray) -> np.ndarray:
        """Which of the wholes of `joined` each row is a part of, (questions,)."""
        return np.searchsorted(first_rows, np.arange(self.num_questions), side="right") - 1

    def steps_before(self, first_rows: np.ndarray) -> np.ndarray:
        """How many steps of its whole rationale stand before each row, (questions,)."""
        return self.offsets[:-1] - self.offsets[first_rows[self.whole_of_row(first_rows)]]

    @property
    def num_questions(self) -> int:
        return len(self.offsets) - 1

    @property
    def num_steps(self) -> np.ndarray:
        """n_i, (questions,)."""
        return np.diff(self.offsets)

    @property
    def question_totals(self) -> np.ndarray:
        """Difficulty of each whole rationale, (questions,)."""
        return np.add.reduceat(self.difficulties, self.offsets[:-1])

    def drop_gains(self, input_steps: np.ndarray, targets: np.ndarray, questions: np.ndarray) -> np.ndarray:
        """Difficulty that each of `questions` gains as its input steps fall from `input_steps` to `targets`.

        All three are of one length; the sum over steps targets < k <= input_steps, added one by one so that
        equal steps give exactly equal gains (differences of a running sum would not).
        """
        gains = np.zeros(len(questions))
        last = self.offsets[questions] + input_steps - 1
        drops = input_steps - targets
        for back in range(int(drops.max(initial=0))):
            # Clipping keeps the index of a finished row inside the array; the mask leaves its value out.
            gains += np.where(drops > back, self.difficulties[np.maximum(last - back, 0)], 0.0)
        return gains

    def supervised_difficulty(self, input_steps: np.ndarray) -> np.ndarray:
        """h_i = sum of the difficulties of steps > c_i (Eq. 13), (questions,)."""
        questions = np.repeat(np.arange(self.num_questions), self.num_steps)
        position = np.arange(len(self.difficulties)) - self.offsets[questions]
        supervised = position >= np.asarray(input_steps)[questions]
        return np.bincount(questions, weights=self.difficulties * supervised, minlength=self.num_questions)
