"""A run that is asked for one stage does what that depends on and no more, and can be gone on with."""

from __future__ import annotations

import pytest

from kpod.cli_weights import _learn_weights
from kpod.errors import RunCancelled
from kpod.pipeline import run_pipeline
from kpod.run_store import create_run, load_run
from kpod.validating import validate_run
from kpod.weight_stability import run_stability
from kpod.weight_validation import SCORE_NAMES
from tests.support.tiny_runs import tiny_config, write_questions

pytestmark = pytest.mark.slow


@pytest.fixture
def config(tmp_path, tiny_llama_folder):
    source = write_questions(tmp_path / "questions.jsonl", trained=6, measured=2)
    return tiny_config(source, tiny_llama_folder, weights={"epochs": 1})


def test_until_a_stage(tmp_path, config):
    run = create_run(tmp_path / "run", config)
    with pytest.raises(RunCancelled, match="Stopped after the stage losses, as asked"):
        run_pipeline(run, until="losses")
    done = load_run(run.folder)
    assert list(done.state.stages) == ["prepare", "losses"] and done.status == "cancelled"
    assert done.has("tokens", "nll") and not done.has("tokens", "weight")
    with pytest.raises(RunCancelled):
        run_pipeline(load_run(run.folder), until="difficulty")
    assert list(load_run(run.folder).state.stages) == ["prepare", "losses", "weights", "difficulty"]
    assert "losses: up to date, skipped" in run.log()


def test_weights_learned_for_their_stability(tmp_path, config):
    (outcome,) = run_stability(tmp_path / "sets", {"made": config}, _learn_weights, resamples=20)
    run = load_run(outcome.folder)
    assert list(run.state.stages) == ["prepare", "weights"]
    assert outcome.keep_rate == pytest.approx(run.tokens["weight"].mean())
    assert outcome.nll_masked > 0 and outcome.nll_empty > 0 and 0 <= outcome.results_auc <= 1
    # Nothing has measured the tokens' losses in it yet, so that the validation does.
    scores = {row["score"] for row in validate_run(run, with_model=True, resamples=5).aucs}
    assert not run.has("tokens", "nll") and scores == set(SCORE_NAMES)
