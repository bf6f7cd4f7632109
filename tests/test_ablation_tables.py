"""The tables of an ablation on made runs: what the tables of real ones (test_ablation.py) are too small to show."""

from __future__ import annotations

import pytest

from kpod.statistics import bootstrap_interval, wilson_interval
from tests.support.made_ablation import make_ablation


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
