"""The stages that read questions: what is to be known of a source stands in the run's log."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from kpod.data_sources import DataSource
from kpod.errors import InputError
from kpod.evaluation_sets import MeasuredSet
from kpod.preparation_stages import choose_evaluation_set, prepare
from kpod.presets import get
from kpod.run_reporter import RunReporter
from tests.support.made_run import make_run

NOTE = "train has 1 row and not 20: the paper's splits are not applied."


@pytest.mark.parametrize("stage", [prepare, choose_evaluation_set])
def test_what_is_to_be_known_of_a_source_is_logged(tmp_path, stage):
    """Even where the stage then has no use for the rows: here there is neither a rationale nor the split."""
    run = make_run(tmp_path / "run", upto="created", status="created")
    row = ("row 1", {"id": "1", "question": "How many are 2 and 3?", "answer": "5", "split": "train"})
    source = DataSource("set", "a set", lambda: ([row], (NOTE,)), lambda: "0")
    measured = MeasuredSet(source, "a set", "data.evaluation_split", "test", None, None, None, "error")
    reporter = RunReporter(run)
    context = SimpleNamespace(config=get("nano"), reporter=reporter, source=source, evaluation_sets=[measured])
    with pytest.raises(InputError):
        stage(context)
    assert run.log().splitlines()[-1].endswith(NOTE)
