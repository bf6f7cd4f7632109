"""The tables of an ablation on made runs: what the tables of real ones (test_ablation.py) are too small to show."""

from __future__ import annotations

import numpy as np
import pytest

from kpod.ablation_variations import Variation
from kpod.paired_comparison import sign_flip_p
from kpod.statistics import bootstrap_interval, holm_correction, wilson_interval
from kpod.wrong_answers import departure
from tests.support.made_ablation import make_ablation, make_large_ablation


@pytest.mark.parametrize("seeds", [(0,), (0, 1, 2)])
def test_by_number_of_steps_the_spread_is_that_over_seeds(tmp_path, seeds):
    """The same questions under three seeds are not three times as many questions."""
    ablation = make_ablation(tmp_path / "ablation", seeds=seeds)
    table = ablation.table("by_steps")
    assert len(table) >= 4 and set(table["method"]) == {"kpod", "plain"}
    runs = {run.folder.name: run for run in ablation.runs()}
    for row in table.itertuples():
        shares = []
        for seed in seeds:
            run = runs[f"{row.method}-seed{seed}"]
            steps = run.questions.set_index("question")["num_steps"]
            answers = run.predictions.query("epoch > 0")
            shares.append(answers["correct"][answers["question"].map(steps) == row.num_steps].mean())
        assert row.accuracy == pytest.approx(sum(shares) / len(shares))
        several = len(seeds) > 1
        expected = bootstrap_interval(shares) if several else wilson_interval(row.correct, row.questions)
        assert (row.low, row.high) == pytest.approx(expected)


@pytest.mark.parametrize("seeds", [(0,), (0, 1, 2)])
def test_departures_are_shares_of_all_questions_with_the_spread_over_seeds(tmp_path, seeds):
    ablation = make_ablation(tmp_path / "ablation", seeds=seeds)
    table, results = ablation.table("departures"), ablation.table("results")
    for method, each in table.groupby("method"):
        wrong = (results["questions"] - results["correct"])[results["method"] == method]
        assert each["wrong"].sum() == wrong.sum() and (each["questions"] == len(seeds) * results["questions"][0]).all()
        assert each["share"].sum() == pytest.approx(1 - results["accuracy"][results["method"] == method].mean())
    runs = {run.folder.name: run for run in ablation.runs()}
    for row in table[table["method"] == "plain"].itertuples():
        counts = []
        for seed in seeds:
            run = runs[f"plain-seed{seed}"]
            solutions = run.questions.set_index("question")["rationale"]
            answers = run.predictions.query("epoch > 0 and not correct")
            kinds = [departure(a.output, solutions[a.question]) for a in answers.itertuples()]
            counts.append(kinds.count(row.departure) / len(run.predictions.query("epoch > 0")))
        expected = bootstrap_interval(counts) if len(seeds) > 1 else wilson_interval(row.wrong, row.questions)
        assert row.share == pytest.approx(sum(counts) / len(counts))
        assert (row.low, row.high) == pytest.approx(expected)


def test_departures_of_varied_values_are_told_apart(tmp_path):
    ablation = make_ablation(tmp_path / "ablation", [Variation("curriculum.delta_s", ("1", "2"))])
    table = ablation.table("departures")
    assert table[["setting", "value", "method"]].drop_duplicates().to_numpy().tolist() == [
        ["curriculum.delta_s", value, method] for value in "12" for method in ("kpod", "plain")
    ]


def test_by_number_of_steps_methods_are_compared_on_those_questions_alone(tmp_path):
    ablation = make_large_ablation(tmp_path / "ablation", ("plain", "kpod", "kpod-sig"), (0, 1), questions=60)
    table = ablation.table("by_steps")
    assert table["num_steps"].tolist() == [2, 3, 4] * 3
    reference = table["method"] == "plain"
    assert table["is_reference"].tolist() == reference.tolist()
    assert table.loc[reference, ["difference", "p_value", "p_adjusted"]].isna().all(axis=None)
    runs = {run.folder.name: run for run in ablation.runs()}
    for row in table[~reference].itertuples():
        right = {}
        for method in ("plain", row.method):
            answers = [runs[f"{method}-seed{seed}"].predictions.query("epoch > 0") for seed in (0, 1)]
            steps = runs["plain-seed0"].questions["num_steps"].to_numpy()
            right[method] = np.array([each["correct"].to_numpy()[steps == row.num_steps] for each in answers])
        apart = right[row.method].astype(int) - right["plain"]
        assert row.difference == pytest.approx(apart.mean())
        assert row.p_value == pytest.approx(sign_flip_p(apart.sum(axis=0)))
        assert row.difference_low <= row.difference <= row.difference_high
    tested = table.loc[~reference]
    assert tested["p_adjusted"].tolist() == pytest.approx(holm_correction(tested["p_value"].tolist()))
