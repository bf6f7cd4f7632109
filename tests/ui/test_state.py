"""What all pages share."""

from __future__ import annotations

from kpod.ui.state import distinct_labels
from tests.support.app_pages import open_app
from tests.support.made_run import make_run


def test_labels_that_occur_twice_are_told_apart():
    labels = distinct_labels({"a": "Same · finished", "b": "Other", "c": "Same · finished"})
    assert labels == {"a": "Same · finished (1 of 2)", "b": "Other", "c": "Same · finished (2 of 2)"}


def test_runs_of_one_name_can_both_be_chosen(tmp_path, monkeypatch):
    monkeypatch.setenv("KPOD_RUNS", str(tmp_path))
    runs = [make_run(tmp_path / name, upto="evaluation set", name="Twice") for name in ("one", "two")]
    app = open_app("overview")
    for run in runs:
        app = open_app("overview", run=run.id)
        assert app.selectbox(key="run").value == run.id


def test_a_large_run_offers_a_search_instead_of_every_question(tmp_path, monkeypatch):
    monkeypatch.setenv("KPOD_RUNS", str(tmp_path))
    make_run(tmp_path / "large", count=640, upto="weights")
    app = open_app("keypoints", question="q630")
    box = app.selectbox(key="question")
    assert box.value == "q630"
    assert len(box.options) == 501
    app.text_input(key="question-search").input("ferry").run()
    assert not app.exception
    assert all(
        "ferry" in option.lower() or option.startswith("q630") for option in app.selectbox(key="question").options
    )
