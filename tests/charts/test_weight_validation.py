"""The figures of a validation: a mark a score and comparison at its AUC, intervals, and the course over the epochs."""

from __future__ import annotations

import pytest

from kpod.charts.weight_validation import OVER_EPOCHS, auc_figure, epochs_figure
from kpod.weight_validation import SCORE_NAMES, TARGET_NAMES, material_of_run, plain_scores, validate
from tests.support.made_run import make_run


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    material = material_of_run(make_run(tmp_path_factory.mktemp("runs") / "run", count=12))
    return validate(material, plain_scores(material), data="training rationales", resamples=20)


def test_every_auc_is_where_its_label_says(report):
    drawn = auc_figure(report)
    marks = {trace.name: dict(zip(trace.y, trace.x, strict=True)) for trace in drawn.data}
    for row in report.aucs:
        assert marks[SCORE_NAMES[row["score"]]][TARGET_NAMES[row["target"]]] == row["auc"]
    assert sum(len(trace.x) for trace in drawn.data) == len(report.aucs)


def test_the_weight_has_its_interval_and_no_mark_is_told_by_colour_alone(report):
    drawn = auc_figure(report)
    weight = drawn.data[0]
    first = report.aucs[0]
    assert weight.name == "learned weight"
    assert weight.x[0] + weight.error_x.array[0] == pytest.approx(first["high"])
    assert weight.x[0] - weight.error_x.arrayminus[0] == pytest.approx(first["low"])
    symbols = [trace.marker.symbol for trace in drawn.data]
    assert len(set(symbols)) == len(symbols)


def test_the_course_over_the_epochs(report):
    drawn = epochs_figure(report)
    assert [trace.name for trace in drawn.data] == [
        TARGET_NAMES[name] for name in OVER_EPOCHS if any(row["target"] == name for row in report.epochs)
    ]
    last = {row["target"]: row["auc"] for row in report.epochs if row["epoch"] == 6}
    assert drawn.data[0].y[-1] == last["results"] == pytest.approx(report.auc_of("results")["auc"])
