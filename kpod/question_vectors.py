"""The vectors of a run's questions, `question_vectors.parquet`: what clusters and map were made of. No torch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from kpod.errors import InputError
from kpod.run_store import Run

TABLE = "question_vectors"


def write_question_vectors(run: Run, questions: Sequence[str], vectors: np.ndarray) -> None:
    """Write the vectors (n, d) of questions by their ids, whole: one row a question, a list of floats each."""
    assert len(questions) == len(vectors)
    run.write_table(TABLE, pd.DataFrame({"question": list(questions), "vector": list(vectors)}))


def unit_vectors(run: Run, questions: Sequence[str]) -> np.ndarray | None:
    """The vectors of questions in their order, scaled to length 1: (n, d) float32. One without words stays zero.

    None where the run has not kept them (one of an older version), or not of all these questions. Raises InputError
    where the file is damaged.
    """
    if not run.has(TABLE):
        return None
    frame = run.table(TABLE, ("question", "vector"))
    if frame.empty or frame["question"].duplicated().any():
        return None
    rows = pd.Index(frame["question"]).get_indexer(pd.Index(questions))
    if (rows < 0).any():
        return None
    try:
        vectors = np.stack(frame["vector"].to_list()).astype(np.float32)
    except (TypeError, ValueError) as error:
        raise _damaged(run) from error
    if vectors.ndim != 2 or not np.isfinite(vectors).all():
        raise _damaged(run)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(lengths > 0, lengths, 1))[rows]


def _damaged(run: Run) -> InputError:
    return InputError(
        f"{run.path(TABLE)} is damaged: its vectors are not all finite numbers of one length. Delete the file: the "
        "nearest questions are then those on the map, until the run is resumed and draws it anew."
    )
