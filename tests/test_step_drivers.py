"""Step difficulties against the small world's true drivers: on planted difficulties, and what the shipped run shows."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest
from scipy.stats import spearmanr

from kpod.errors import InputError
from kpod.run_store import load_run
from kpod.step_drivers import driver_table, step_drivers
from kpod.tasks.small_world import small_world_problems
from tests.conftest import ROOT
from tests.support.made_run import make_run

SHIPPED = ROOT / "assets" / "example_run"


@pytest.fixture(scope="module")
def shipped():
    return step_drivers(load_run(SHIPPED))


def rows(table: pd.DataFrame, driver: str) -> pd.DataFrame:
    return table[table["driver"] == driver].set_index("value")


def test_every_step_has_the_drivers_of_its_own_sentence(shipped):
    run = load_run(SHIPPED)
    problems = {each.question.id: each for each in small_world_problems(run.config.data.source)}
    texts = run.steps["text"].tolist()
    assert len(shipped) == len(texts)
    for row, text in zip(shipped.itertuples(), texts, strict=True):
        found = re.search(r"(\d+) ([-+*/]) (\d+) = (\d+)", text)
        assert (row.operation == "none") == (found is None)
        if found:
            assert row.largest == max(int(found[place]) for place in (1, 3, 4))
            assert row.num_earlier == problems[row.question].steps[row.step].num_earlier


def test_a_driver_that_makes_difficulty_is_found_and_no_other(shipped):
    planted = shipped.assign(difficulty=shipped["num_earlier"] + 0.001 * (shipped.index % 7))
    table = driver_table(planted)
    earlier = rows(table, "operands from earlier steps")
    assert earlier["spearman"].iloc[0] > 0.85 and earlier["spearman"].iloc[1:].isna().all()
    assert earlier["difficulty"].tolist() == pytest.approx([0.003, 1.003, 2.003], abs=0.002)
    assert abs(rows(table, "carries or borrows")["spearman"].iloc[0]) < 0.15
    by_size = driver_table(shipped.assign(difficulty=-shipped["largest"].astype(float)))
    assert rows(by_size, "largest number")["spearman"].iloc[0] == pytest.approx(-1)
    assert rows(by_size, "operation")["spearman"].isna().all()


def test_the_readme_says_what_the_shipped_run_shows(shipped):
    table = driver_table(shipped)
    calculating = shipped[shipped["operation"] != "none"]
    told = (ROOT / "README.md").read_text(encoding="utf-8")
    line = told[told.index("What makes a step hard (") :].partition("\n\n")[0]
    figures = []
    for name, driver in (
        ("num_earlier", "operands from earlier steps"), ("largest", "largest number"), ("carries", "carries or borrows")
    ):  # fmt: skip
        correlation = spearmanr(calculating["difficulty"], calculating[name]).statistic
        assert rows(table, driver)["spearman"].iloc[0] == pytest.approx(correlation)
        figures.append(f"{correlation:.2f}".lstrip("0"))
    earlier, operation = rows(table, "operands from earlier steps"), rows(table, "operation")
    figures += [f"{earlier.loc[value, 'difficulty']:.2f}".lstrip("0") for value in ("0", "1")]
    figures += [f"{operation.loc[value, 'difficulty']:.2f}".lstrip("0") for value in ("divide", "subtract", "none")]
    assert [figure for figure in figures if not re.search(rf"(?<![\d.]){re.escape(figure)}(?!\d)", line)] == []
    # What the line says in words: one driver counts, the others hardly.
    assert rows(table, "operands from earlier steps")["spearman"].iloc[0] > 0.6
    assert rows(table, "largest number")["spearman"].iloc[0] < 0.2


def test_by_the_command_line(kpod, tmp_path):
    code, told, _ = kpod("drivers", SHIPPED, "--csv", tmp_path / "drivers.csv")
    assert code == 0 and "operands from earlier steps" in told
    assert pd.read_csv(tmp_path / "drivers.csv")["steps"].sum() > 3 * 1500


def test_other_data_are_refused(kpod, tmp_path):
    run = make_run(tmp_path / "made")
    with pytest.raises(InputError, match=r"the small world alone\. Take a run of the preset nano"):
        step_drivers(run)
    code, _, said = kpod("drivers", Path(run.folder))
    assert code == 2 and "small world alone" in said


def test_rationales_that_are_not_those_of_the_source_are_refused(tmp_path):
    run = load_run(SHIPPED)
    run.config = run.config.model_copy(
        update={"data": run.config.data.model_copy(update={"source": run.config.data.source + ",filler_share=0"})}
    )
    with pytest.raises(InputError, match=r"of 1924 steps of run .* are none of the problems"):
        step_drivers(run)
