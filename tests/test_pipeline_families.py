"""Whole runs of students of every family, by one pipeline: from questions to answers."""

from __future__ import annotations

import io

import numpy as np
import pytest

from kpod.config import override
from kpod.errors import InputError
from kpod.pipeline import run_pipeline
from kpod.run_reporter import RunReporter
from kpod.run_store import create_run, load_run
from tests.support.tiny_runs import tiny_config, write_questions

pytestmark = pytest.mark.slow

RUNS = {
    # family: what the run sets beside the tiny ones
    "t5": ["method=plain", "distillation.tuning=full"],
    "t5_untied": ["method=kpod", "distillation.given_steps=encoder_input", "distillation.lora_targets='q,v'"],
    "bart": ["method=kpod-sig"],
    "qwen3": ["method=plain+easy"],
    "gpt2": ["method=plain"],
}


@pytest.mark.parametrize("family", RUNS)
def test_a_whole_run(tmp_path, request, family):
    """Two questions to learn from and one to measure on: so few that the map needs no UMAP."""
    source = write_questions(tmp_path / "questions.jsonl", trained=2, measured=1)
    config = tiny_config(source, request.getfixturevalue(f"tiny_{family}_folder"))
    run = create_run(tmp_path / "run", override(config, RUNS[family]))
    run_pipeline(run, RunReporter(run, io.StringIO()))
    done = load_run(run.folder)
    assert done.status == "finished" and list(done.state.stages)[-1] == "evaluate"
    kept = "student" if "distillation.tuning=full" in RUNS[family] else "adapter"
    assert (run.folder / kept).is_dir()
    for row in done.questions[done.questions["trained"]].itertuples():
        tokens = done.table("tokens", question=row.question)
        spans = zip(tokens["character_start"], tokens["character_end"], strict=True)
        assert "".join(row.rationale[start:end] for start, end in spans) == row.rationale
        assert np.isfinite(tokens["nll"]).all()
        if "weights" in done.state.stages:
            assert tokens["weight"].between(0, 1).all()
    losses = done.metrics.query("stage == 'distill'")["loss"]
    assert len(losses) == 2 and np.isfinite(losses).all()
    assert set(done.predictions["epoch"]) == {0, 2} and len(done.predictions) == 2
    history = done.table("difficulty_history")
    assert not np.allclose(history.query("epoch == 0")["difficulty"], history.query("epoch == 2")["difficulty"])


def test_a_causal_student_has_no_encoder_for_given_steps(tmp_path, tiny_llama_folder):
    source = write_questions(tmp_path / "questions.jsonl", trained=2, measured=1)
    config = override(tiny_config(source, tiny_llama_folder), ["distillation.given_steps=encoder_input"])
    run = create_run(tmp_path / "run", config)
    with pytest.raises(InputError, match=r"distillation\.given_steps: .*causal student, which has no encoder\. Set it"):
        run_pipeline(run, RunReporter(run, io.StringIO()))
    assert load_run(run.folder).status == "failed"
