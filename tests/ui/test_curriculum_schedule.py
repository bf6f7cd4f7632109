"""The schedule as a matrix: what reaches the component."""

from __future__ import annotations

import json

import pytest

from kpod.run_store import load_run
from tests.support.app_pages import open_app


def payload_of(app) -> dict:
    component = next(one for one in app.get("bidi_component") if '"cells"' in one.proto.json)
    return json.loads(component.proto.json)


@pytest.mark.parametrize("order", ["order of supervision", "cluster", "length", "difficulty"])
def test_the_matrix_has_every_question_in_the_order_asked_for(use_runs, order):
    run = load_run(use_runs("whole") / "run")
    payload = payload_of(open_app("curriculum", rows=order, question="q003", stage="2"))
    wide = run.schedule.pivot(index="question", columns="stage", values="input_steps")
    assert sorted(payload["questions"]) == sorted(wide.index)
    assert payload["cells"] == wide.loc[payload["questions"]].to_numpy().tolist()
    assert payload["questions"][payload["chosen"]] == "q003" and payload["stage"] == 2
    if order == "length":
        assert payload["lengths"] == sorted(payload["lengths"])


def test_a_stage_that_is_none_falls_back_to_the_last(use_runs):
    use_runs("whole")
    assert payload_of(open_app("curriculum", stage="99"))["stage"] == 5
