"""Made vectors of a made run's questions: those of a cluster point to about the same side."""

from __future__ import annotations

import numpy as np

from kpod.question_vectors import write_question_vectors
from kpod.run_store import Run

DIMENSIONS = 24


def write_made_vectors(run: Run, seed: int = 11) -> None:
    """A vector for every question of the run's table, which has clusters."""
    questions = run.questions
    rng = np.random.default_rng(seed)
    centres = rng.normal(0, 1, (questions["cluster"].max() + 1, DIMENSIONS))
    vectors = centres[questions["cluster"]] + rng.normal(0, 0.7, (len(questions), DIMENSIONS))
    write_question_vectors(run, questions["question"].tolist(), vectors.astype("float32"))
