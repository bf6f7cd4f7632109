"""A whole run on rationales of which some are split into parts."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest

from kpod.pipeline import run_pipeline
from kpod.run_reporter import RunReporter
from kpod.run_store import create_run, load_run
from tests.support.tiny_runs import tiny_config, write_questions

pytestmark = pytest.mark.slow


def test_parts_go_through_every_stage(tmp_path, tiny_llama_folder):
    source = write_questions(tmp_path / "questions.jsonl", trained=3, measured=1)
    rows = [json.loads(line) for line in source.read_text().splitlines()]
    rows[1]["rationale"] = "\n".join(f"{number} and {number} make {2 * number}." for number in range(40, 60))
    source.write_text("".join(json.dumps(row) + "\n" for row in rows))
    config = tiny_config(
        source,
        tiny_llama_folder,
        data={"overlong": "split"},
        student={"max_tokens": 220},
        distillation={"epochs": 4, "batch_size": 1},
    )
    run = create_run(tmp_path / "run", config)
    run_pipeline(run, RunReporter(run, io.StringIO()))
    run = load_run(run.folder)
    lengths = run.state.summary["lengths"]
    assert (lengths["questions"], lengths["split"], lengths["skipped"], lengths["window"]) == (3, 1, 0, 220)
    questions = run.questions
    parts = questions[questions["part_of"] == "p01"]
    assert lengths["parts"] == len(parts) > 1
    assert parts["part"].tolist() == list(range(1, len(parts) + 1)) and parts["cluster"].nunique() == 1
    own = run.steps[run.steps["question_index"].isin(parts.index)]
    assert own["text"].tolist() == rows[1]["rationale"].split("\n") and own["difficulty"].notna().all()
    given = run.schedule["input_steps"].to_numpy().reshape(-1, int(questions["trained"].sum()))
    num_steps = own.groupby("question_index").size().to_numpy()
    for stage in given[:, parts.index]:  # what is given of the rationale is its beginning
        begun = np.flatnonzero(stage < num_steps)
        assert not len(begun) or not stage[begun[0] + 1 :].any()
    assert not given[-1].any()
    tokens = run.tokens
    assert tokens["weight"].between(0, 1).all() and tokens["nll"].notna().all()
    assert "accuracy" in run.state.summary
