"""The kept vectors of questions: read back in any order, absent ones told from damaged ones."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from kpod.errors import InputError
from kpod.question_vectors import TABLE, unit_vectors, write_question_vectors
from tests.support.made_run import make_run

VECTORS = np.array([[3, 4], [0, 0], [-2, 0]], dtype=np.float32)


@pytest.fixture
def run(tmp_path):
    return make_run(tmp_path / "run", upto="prepare", count=4)


@pytest.mark.parametrize("precision", [np.float32, np.float16])
def test_they_come_back_in_the_order_asked_for_with_length_one(run, precision):
    write_question_vectors(run, ["a", "b", "c"], VECTORS.astype(precision))
    found = unit_vectors(run, ["c", "a", "b"])
    assert found.dtype == np.float32
    assert found.tolist() == [[-1, 0], pytest.approx([0.6, 0.8]), [0, 0]]


def test_none_where_the_run_has_none_or_lacks_one(run):
    assert unit_vectors(run, ["a"]) is None
    write_question_vectors(run, ["a", "b", "c"], VECTORS)
    assert unit_vectors(run, ["a", "d"]) is None
    write_question_vectors(run, ["a", "a", "c"], VECTORS)
    assert unit_vectors(run, ["a", "c"]) is None
    write_question_vectors(run, [], VECTORS[:0])
    assert unit_vectors(run, ["a"]) is None


@pytest.mark.parametrize(
    "vectors",
    [[[1.0, 2.0], [1.0]], [[1.0, float("nan")], [1.0, 2.0]], ["<b>", "x"], [1.0, 2.0], [None, [1.0, 2.0]]],
)
def test_damaged_vectors_say_so_and_what_to_do(run, vectors):
    run.write_table(TABLE, pd.DataFrame({"question": ["a", "b"], "vector": vectors}))
    with pytest.raises(InputError, match=r"question_vectors\.parquet is damaged.*Delete the file"):
        unit_vectors(run, ["a", "b"])
