"""Two runs on the same questions, many of them, and what they cost."""

from __future__ import annotations

import shutil

import pandas as pd
import pytest

from kpod.run_store import load_run
from tests.support.app_pages import address_of, element_keys, open_app, shown
from tests.support.made_run import HOSTILE_NAME, make_run


def with_flips(run, flips: int) -> None:
    """Turn the outcome of the first answers after distillation round."""
    table = run.predictions
    after = table.index[table["epoch"] > 0][:flips]
    table.loc[after, "correct"] = ~table.loc[after, "correct"]
    run.write_table("predictions", table)


@pytest.fixture
def pair(tmp_path, monkeypatch):
    """A KPOD run, and a plain one of the same data with five answers turned round; their name is hostile."""
    monkeypatch.setenv("KPOD_RUNS", str(tmp_path))
    hashes = {"student": "s", "data": "d", "evaluation": "e"}
    made = []
    for name in ("kpod", "plain"):
        run = make_run(tmp_path / name, name=name if name == "kpod" else HOSTILE_NAME)
        run.config = run.config.model_copy(update={"method": name})
        run.write_config()
        run.update(input_hashes=hashes)
        made.append(run)
    with_flips(made[1], 5)
    return made


def test_flips_are_counted_and_listed(pair):
    run, other = pair
    app = open_app("results", run=run.id, view="Two runs")
    text = shown(app)
    first = run.predictions.query("epoch > 0")["correct"].to_numpy()
    second = other.predictions.query("epoch > 0")["correct"].to_numpy()
    for right, wrong in (
        ((first & second).sum(), (first & ~second).sum()),
        ((~first & second).sum(), (~first & ~second).sum()),
    ):
        assert f"<td>{right}</td><td>{wrong}</td>" in text
    assert len(app.dataframe[0].value) == 5
    assert address_of(app)["other"] == other.id
    assert "<img" not in text and "&lt;img src=x onerror=alert" in text


def test_a_group_of_questions_can_be_chosen(pair):
    app = open_app("results", run=pair[0].id, view="Two runs", change="both wrong")
    assert set(app.dataframe[0].value["right"]) == {"both wrong"}
    assert {"csv-comparison", "flip-table"} <= element_keys(app)


def test_garbage_in_the_address_falls_back(pair):
    app = open_app("results", run="../../etc", other="<script>", view="nothing", change="%00", outcome="\x00")
    assert {"accuracy", "csv-accuracy"} <= element_keys(app)
    assert len(open_app("results", run=pair[0].id, other="../..", view="Two runs").dataframe[0].value) == 5


def with_another_set(run) -> None:
    """The same questions measured a second time, as another set on which no answer is right."""
    table = run.predictions
    other = table.assign(evaluation_set="elsewhere:test", correct=False)
    run.write_table("predictions", pd.concat([table, other], ignore_index=True))


def test_sets_are_compared_one_by_one(pair):
    for run in pair:
        with_another_set(run)
    app = open_app("results", run=pair[0].id, view="Two runs")
    by_set = app.dataframe[0].value
    assert by_set["evaluation_set"].tolist() == ["made:test", "elsewhere:test"]
    assert by_set["p_adjusted"].iloc[1] == "p = 1.0000"
    assert {"measured-on", "csv-comparison-by-set"} <= element_keys(app)
    assert len(app.dataframe[1].value) == 5  # flips of the first set
    app.selectbox("measured-on").set_value("elsewhere:test").run()
    assert not app.exception and "No question flipped" in " ".join(each.value for each in app.caption)
    app = open_app("results", run=pair[0].id, view="All runs")
    assert len(app.dataframe[0].value) == 1 and "measured-on" in element_keys(app)
    app.selectbox("measured-on").set_value("elsewhere:test").run()
    assert not app.exception and app.dataframe[0].value["accuracy"].tolist() == [0.0]


def test_large_figures_are_of_the_first_set(pair):
    with_another_set(pair[0])
    app = open_app("results", run=pair[0].id)
    last = pair[0].predictions.query("epoch > 0 and evaluation_set == 'made:test'")["correct"]
    assert f"{last.mean():.1%}" in shown(app) and "after distillation, made:test" in shown(app)
    table = app.dataframe[0].value
    assert table["evaluation_set"].tolist() == ["made:test"] * 2 + ["elsewhere:test"] * 2
    assert table["accuracy"].tolist()[2:] == [0.0, 0.0]


def test_all_runs_stand_in_one_table_with_holms_correction(pair, tmp_path):
    third = make_run(tmp_path / "third", name="third")
    with_flips(third, 12)
    app = open_app("results", run=pair[0].id, view="All runs")
    table = app.dataframe[0].value
    assert len(table) == 2 and {"p_value", "p_adjusted", "difference"} <= set(table)


def test_runs_on_other_questions_are_no_comparison(tmp_path, monkeypatch):
    monkeypatch.setenv("KPOD_RUNS", str(tmp_path))
    run = make_run(tmp_path / "one")
    make_run(tmp_path / "two", seed=8)
    assert "These two runs share no question" in shown(open_app("results", run=run.id, view="Two runs"))
    assert "No other run to compare with" in shown(open_app("results", run=run.id, view="All runs"))


def test_a_run_alone_says_how_to_make_another(use_runs):
    use_runs("whole")
    for view in ("Two runs", "All runs"):
        assert "No other run to compare with" in shown(open_app("results", view=view))


def test_costs_stand_beside_those_of_the_plain_run(pair):
    app = open_app("results", run=pair[0].id, view="Cost")
    table = app.dataframe[0].value
    assert table["stage"].iloc[-1] == "all stages" and "seconds_other" in table
    assert table["seconds"].iloc[-1] == table["seconds"].iloc[:-1].sum()
    alone = open_app("results", run=pair[1].id, view="Cost")
    assert "seconds_other" not in alone.dataframe[0].value


def test_another_run_that_is_damaged_or_deleted_spoils_nothing(pair):
    run, other = pair
    app = open_app("results", run=run.id, view="Two runs")
    other.path("predictions").write_bytes(b"PAR1 no parquet at all")
    app.run()
    assert not app.exception and "predictions.parquet is damaged" in shown(app)
    shutil.rmtree(other.folder)
    app.run()
    assert not app.exception and "No other run to compare with" in shown(app)
    assert load_run(run.folder).name == "kpod"
