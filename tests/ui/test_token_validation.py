"""Validations of the weights on the corpus view: how to make one, its tables and figures, and hostile words in it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kpod.weight_validation import agreement_of, material_of_run, plain_scores, save_report, validate
from tests.support.app_pages import element_keys, open_app, shown
from tests.support.made_run import make_run


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("KPOD_RUNS", str(tmp_path))
    return make_run(tmp_path / "run", count=8)


def table_with(app, column):
    """The table on the page that has a column of this name."""
    return next((each.value for each in app.dataframe if column in each.value.columns), None)


def test_a_run_that_was_not_validated_says_how(run):
    app = open_app("keypoints", view="Corpus")
    assert "Not validated yet" in shown(app)
    assert f"python -m kpod validate-weights {run.folder}" in shown(app)


def test_tables_figures_and_a_choice_of_rationales(run):
    material = material_of_run(run)
    report = validate(material, plain_scores(material), data="training rationales", resamples=20)
    pair = {"first": "run", "second": "<b>other</b>", **agreement_of(material, material)}
    save_report(run, replace(report, agreement=[pair]))
    hostile = "held out: <script>alert(1)</script> **x**"
    save_report(run, replace(report, data=hostile, epochs=[], agreement=[], fingerprint=""))
    app = open_app("keypoints", view="Corpus")
    assert {"validation-auc", "validation-epochs", "validated"} <= element_keys(app)
    table = table_with(app, "comparison")
    assert table_with(app, "and run")["Spearman"].tolist() == [1.0]
    results = table[table["comparison"] == "results"].iloc[0]
    assert results["learned weight"] == pytest.approx(report.auc_of("results")["auc"], abs=5e-4)
    assert "Of earlier weights" not in shown(app)
    app.selectbox(key="validated").select_index(1).run()
    captions = " ".join(each.value for each in app.caption)
    assert "**x**" not in captions and "<script>" not in captions
    assert "validation-epochs" not in element_keys(app) and table_with(app, "and run") is None


def test_a_validation_of_earlier_weights_says_so(run):
    material = material_of_run(run)
    save_report(run, validate(material, plain_scores(material), data="training rationales", resamples=20))
    record = replace(run.state.stages["weights"], fingerprint="another")
    run.update(stages=run.state.stages | {"weights": record})
    assert "Of earlier weights" in shown(open_app("keypoints", view="Corpus"))
