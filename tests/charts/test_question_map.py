"""The map's bytes: a header that clicks change in front of a body that they do not."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from kpod.charts.question_colours import Colouring, colourings
from kpod.charts.question_map import map_body, map_payload
from kpod.charts.question_stages import supervised_steps


def split(content: bytes) -> tuple[dict, bytes]:
    length = int.from_bytes(content[:4], "little")
    assert length % 4 == 0
    return json.loads(content[4 : 4 + length]), content[4 + length :]


@pytest.fixture(scope="module")
def colouring(made_run) -> Colouring:
    return colourings(made_run.questions, None, None, None, ("pens",))["cluster"]


@pytest.fixture(scope="module")
def supervised(made_run):
    ids = made_run.questions["question"]
    lengths = made_run.steps.groupby("question").size().reindex(ids).to_numpy(dtype=float)
    return supervised_steps(ids, lengths, made_run.schedule)


def test_bytes_hold_the_coordinates_the_values_and_the_stages(made_run, colouring, supervised):
    questions = made_run.questions
    body = map_body(questions, colouring, supervised, ("pens",))
    state, behind = split(map_payload(body, chosen=3, lasso=None))
    assert state == {"chosen": 3, "lasso": None} and behind == body
    meta, arrays = split(body)
    n = meta["count"]
    columns = np.frombuffer(arrays[: 12 * n], dtype="<f4").reshape(3, n)
    assert np.allclose(columns, questions[["x", "y", "cluster"]].to_numpy().T, atol=1e-5)
    small = np.frombuffer(arrays[12 * n :], dtype=np.uint8).reshape(-1, n)
    assert np.array_equal(small, np.vstack([supervised.lengths, supervised.counts]))
    assert meta["stages"] == supervised.stages and meta["byCluster"]
    assert meta["texts"][3].startswith(questions["text"].iloc[3][:40])
    assert sorted(one["name"] for one in meta["clusters"]) == ["1", "2", "3", "4", "pens"]
    sizes = questions["cluster"].value_counts()
    assert [sizes[one["cluster"]] for one in meta["clusters"]] == sorted(sizes[sizes.index >= 0], reverse=True)
    assert all(one["low"][k] <= one["xy"[k]] <= one["high"][k] for one in meta["clusters"] for k in (0, 1))


def test_the_key_stands_first_and_changes_with_the_content(made_run, colouring, supervised):
    bodies = [
        map_body(made_run.questions, colouring),
        map_body(made_run.questions, colouring, supervised),
        map_body(made_run.questions, colouring, None, ("cups",)),
        map_body(made_run.questions.assign(x=0.0), colouring),
    ]
    assert len({split(body)[0]["key"] for body in bodies}) == 4
    assert all(body[4:13] == b'{"key": "' for body in bodies)
    assert map_body(made_run.questions, colouring) == bodies[0]


def test_large_sets_carry_no_texts(colouring):
    count = 20_001
    frame = pd.DataFrame({"question": "q", "text": "t", "x": np.arange(count), "y": 0.0})
    meta, arrays = split(map_body(frame, Colouring("None", np.zeros(count))))
    assert meta["texts"] == [] and len(meta["ids"]) == count and len(arrays) == 12 * count


def test_a_state_that_is_no_number_is_refused():
    with pytest.raises(ValueError, match="not JSON compliant"):
        map_payload(b"", size=float("nan"))
