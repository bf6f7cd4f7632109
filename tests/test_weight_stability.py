"""Mask learning on several sets of rationales: what is run, how its end is judged, and how it goes on."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from kpod.errors import InputError, RunCancelled
from kpod.weight_stability import SETS, Outcome, outcome_of, run_stability, save_outcomes, stability_config
from kpod.weight_validation import read_reports
from tests.support.made_run import make_run

GOOD = Outcome("a", Path("a"), 0.5, nll_masked=0.4, nll_full=0.2, nll_empty=1.2, warnings=(), results_auc=0.9)


def test_what_masking_loses_of_the_rationales_worth():
    assert GOOD.lost == pytest.approx(0.2) and GOOD.holds


@pytest.mark.parametrize(
    "change",
    [
        {"keep_rate": 0.05},
        {"keep_rate": 0.95},
        {"nll_masked": 0.71},  # nearer to none than to all
        {"warnings": ("Weights collapsed",)},
        {"nll_empty": 0.1},  # a rationale that does harm is worth nothing
        {"nll_empty": 0.2, "nll_masked": 0.2},
    ],
)
def test_what_does_not_hold(change):
    assert not replace(GOOD, **change).holds


def test_the_sets_are_there_with_their_rationales(shared_data):
    for name in SETS:
        config = stability_config(name, 12, ["weights.epochs=2"], str(shared_data))
        assert (config.data.train_limit, config.weights.epochs, config.student.name) == (12, 2, "smollm2-135m")


def test_wrong_names_and_folders(tmp_path):
    with pytest.raises(InputError, match="no set of rationales; there are svamp-gpt35, gsm8k-human"):
        stability_config("svamp", 12)
    with pytest.raises(InputError, match="Give the data folder with --data"):
        stability_config("svamp-gpt35", 12, data=str(tmp_path))


def learned(run):
    """A made run in place of one that learns: its summary says how mask learning went."""
    if not run.has("tokens"):
        made = make_run(run.folder.parent / "made", count=6, upto="weights")
        for table in ("questions", "steps", "tokens", "weight_history"):
            run.write_table(table, made.table(table))
        run.update(stages=made.state.stages)
        run.update(summary={"weight_notes": {"nll_masked": 0.5, "nll_full": 0.2, "nll_empty": 1.2}})


def test_every_set_is_run_and_judged_by_what_its_masks_leave(tmp_path, shared_data):
    configs = {"gsm8k-human": stability_config("gsm8k-human", 6, data=str(shared_data))}
    (outcome,) = run_stability(tmp_path, configs, learned, resamples=20)
    assert (outcome.name, outcome.folder) == ("gsm8k-human", tmp_path / "gsm8k-human")
    assert outcome.nll_masked == pytest.approx(0.5) and outcome.lost == pytest.approx(0.3) and outcome.holds
    assert 0.1 < outcome.keep_rate < 0.9
    assert [outcome] == list(run_stability(tmp_path, configs, learned, resamples=20))  # goes on where it was


def test_the_outcomes_are_kept_as_tables(tmp_path):
    worthless = replace(GOOD, name="b|c", nll_empty=0.2, results_auc=None, warnings=("Weights collapsed",))
    save_outcomes(tmp_path, [GOOD, worthless])
    first, second = json.loads((tmp_path / "stability.json").read_text())["outcomes"]
    assert first["lost"] == pytest.approx(0.2) and (first["holds"], second["holds"]) == (True, False)
    assert second["lost"] is None and second["results_auc"] is None
    lines = (tmp_path / "stability.md").read_text().splitlines()
    assert lines[4] == "| a | 50.0% | 0.400 | 0.200 | 1.200 | 20.0% | 0.900 | yes |  |"
    assert lines[5] == "| b\\|c | 50.0% | 0.400 | 0.200 | 0.200 | inf% | no arithmetic | no | Weights collapsed |"


def test_sets_that_were_learned_before_stay_in_the_tables(tmp_path):
    """`--sets a` and then `--sets b` into one folder: the second must not forget the first."""
    again = replace(GOOD, name="b", warnings=("Weights collapsed",), results_auc=None)
    save_outcomes(tmp_path, [GOOD, replace(again, keep_rate=0.2)])
    save_outcomes(tmp_path, [again])
    rows = json.loads((tmp_path / "stability.json").read_text())["outcomes"]
    assert [(row["name"], row["keep_rate"], row["folder"]) for row in rows] == [("a", 0.5, "a"), ("b", 0.5, "a")]
    lines = (tmp_path / "stability.md").read_text().splitlines()
    assert [line.split(" | ")[0] for line in lines[4:]] == ["| a", "| b"] and "Weights collapsed" in lines[5]


def test_damaged_outcomes_are_not_written_over(tmp_path):
    (tmp_path / "stability.json").write_text('{"outcomes": [{"name": "a"')
    with pytest.raises(InputError, match=r"stability.json cannot be read .* move it away"):
        save_outcomes(tmp_path, [GOOD])
    assert (tmp_path / "stability.json").read_text() == '{"outcomes": [{"name": "a"'


def test_a_run_that_was_stopped_stops_the_others(tmp_path, shared_data):
    names = ("gsm8k-human", "svamp-gpt35")
    configs = {name: stability_config(name, 6, data=str(shared_data)) for name in names}
    with pytest.raises(RunCancelled, match="before the weights of gsm8k-human"):
        list(run_stability(tmp_path, configs, lambda run: None))
    assert not (tmp_path / "svamp-gpt35").exists()


def test_rationales_without_arithmetic_have_no_auc(tmp_path):
    run = make_run(tmp_path / "run", count=6, upto="weights")
    run.update(summary={"weight_notes": {"nll_masked": 1.0, "nll_full": 0.5, "nll_empty": 2.0}})
    questions = run.questions
    length = questions["rationale"].str.len().max()
    questions["rationale"] = ["so it is " * int(length)] * len(questions)
    run.write_table("questions", questions)
    outcome = outcome_of(run, "a", resamples=20)
    assert outcome.results_auc is None
    assert [report.data for report in read_reports(run)] == ["training rationales"]


def test_a_run_that_does_not_say_what_its_masks_leave_is_refused(tmp_path):
    run = make_run(tmp_path / "run", count=6, upto="weights")
    run.update(summary={})
    with pytest.raises(InputError, match="made by an earlier version"):
        outcome_of(run, "a", resamples=20)
