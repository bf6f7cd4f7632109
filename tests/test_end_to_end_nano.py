"""The shipped student learns: a small distillation on one thread makes it solve what it could not."""

from __future__ import annotations

import io

import pytest

from kpod import presets
from kpod.config import override
from kpod.paired_comparison import compare_paired
from kpod.pipeline import run_pipeline
from kpod.run_reporter import RunReporter
from kpod.run_store import create_run, load_run

SOURCE = "small_world:train=200,test=60,seed=3,stories=people+prices,max_steps=2"
SETTINGS = (f"data.source={SOURCE}", "method=plain", "distillation.epochs=3")


@pytest.mark.slow
def test_a_small_distillation_raises_held_out_accuracy(tmp_path):
    run = create_run(tmp_path / "run", override(presets.get("nano"), list(SETTINGS)))
    run_pipeline(run, RunReporter(run, io.StringIO()))
    answers = load_run(run.folder).predictions
    base, distilled = (
        answers[answers["epoch"] == epoch].set_index("question")["correct"].sort_index()
        for epoch in (0, answers["epoch"].max())
    )
    assert len(base) == 60 and list(base.index) == list(distilled.index)
    found = compare_paired([distilled.to_numpy()], [base.to_numpy()])
    assert found.difference > 0.15 and found.p_value < 0.001
