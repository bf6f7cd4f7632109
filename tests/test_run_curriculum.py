"""A run's curriculum from its tables alone."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from kpod.config import make_config, override
from kpod.curriculum import build_schedule
from kpod.errors import InputError
from kpod.run_curriculum import (
    dry_run,
    robustness_of,
    schedule_inputs,
    schedule_of,
    schedule_settings,
    whole_rationales,
)
from kpod.run_store import create_run

DIFFICULTIES = ([2.0, 1.0], [0.5], [1.5, 0.25, 0.25])
CLUSTERS = (0, 1, 0)


@pytest.fixture
def config():
    return make_config({
        "name": "three", "data": {"source": "none.jsonl"}, "student": {"name": "smollm2-135m"},
        "distillation": {"epochs": 6},
    })  # fmt: skip


@pytest.fixture
def run(tmp_path, config):
    """A run of three questions, and a fourth that is only measured, as far as its difficulties and clusters."""
    run = create_run(tmp_path / "run", config)
    run.write_table("questions", pd.DataFrame({
        "question": list("abcd"), "text": "?", "answer": "1", "split": "train", "rationale": "r", "teacher": "t",
        "teacher_correct": True, "trained": [True, True, True, False], "cluster": [*CLUSTERS, 1],
    }))  # fmt: skip
    rows = [(i, s, d) for i, steps in enumerate(DIFFICULTIES) for s, d in enumerate(steps)]
    steps = pd.DataFrame(rows, columns=["question_index", "step", "difficulty"])
    run.write_table("steps", steps.assign(question="q", character_start=0, character_end=1, text="x"))
    tokens = steps.loc[steps.index.repeat(2)].assign(question="q", position=0, character_start=0, character_end=1)
    run.write_table("tokens", tokens.assign(nll=tokens["difficulty"] * 1.5).drop(columns="difficulty"))
    return run


def test_the_inputs_are_the_difficulties_and_clusters_of_the_trained_questions(run):
    table, clusters = schedule_inputs(run)
    assert table.question_totals.tolist() == [3.0, 0.5, 2.0]
    assert clusters.tolist() == list(CLUSTERS)


def test_a_dry_run_is_the_schedule_of_the_same_settings(run, config):
    changed = override(config, ["curriculum.initial_fraction=0.5", "curriculum.delta_s=2"])
    expected = build_schedule(
        [np.array(row) for row in DIFFICULTIES], CLUSTERS, num_stages=3, initial_fraction=0.5, delta_s=2
    )
    assert np.array_equal(dry_run(run, changed).schedule.input_steps, expected.input_steps)
    assert not run.has("schedule")


def test_a_method_without_progression_supervises_everything_from_stage_0(run, config):
    plain = override(config, ["method=plain"])
    assert schedule_settings(plain)["initial_fraction"] == 1.0
    assert not dry_run(run, plain).schedule.input_steps.any()


def test_a_method_without_diversity_has_no_beta(config):
    assert schedule_settings(config)["beta"] == 12.0
    settings = schedule_settings(override(config, ["method=kpod-div", "curriculum.relative_beta=2"]))
    assert settings["beta"] == 0.0 and settings["relative_beta"] is None


def test_robustness_of_a_run_reads_its_token_losses(run, config):
    table = robustness_of(run, config, noise=(0.1,), repeats=1).set_index("assessment")
    # Both tokens of a step have 1.5 times its difficulty: as means they rank all steps the same.
    assert table.loc["raw_nll", "step_correlation"] == pytest.approx(1.0)
    assert table.loc["raw_nll", "schedule_agreement"] == pytest.approx(1.0)
    assert {"noise", "shuffled", "length", "position"} <= set(table.index)


def test_a_run_with_steps_but_no_difficulties_yet_is_not_called_damaged(run, config):
    run.write_table("steps", run.steps.drop(columns="difficulty"))
    with pytest.raises(InputError, match=r"no difficulty in steps\.parquet yet"):
        dry_run(run, config)


def test_a_run_without_difficulties_says_what_to_do(tmp_path, config):
    with pytest.raises(InputError, match="--resume"):
        dry_run(create_run(tmp_path / "empty", config), config)


def test_a_rationale_in_parts_is_scheduled_as_a_whole(run, config):
    """Question a of two steps and question c of three become the parts of one: c is supervised before a."""
    questions = run.questions.iloc[[0, 2, 1, 3]].reset_index(drop=True)
    questions["part_of"] = pd.array(["ac", "ac", None, None], dtype="string")
    questions["part"] = pd.array([1, 2, 1, None], dtype="Int32")
    run.write_table("questions", questions)
    for name in ("steps", "tokens"):
        table = run.table(name)
        table["question_index"] = table["question_index"].map({0: 0, 2: 1, 1: 2})
        run.write_table(name, table.sort_values("question_index", kind="stable", ignore_index=True))
    assert whole_rationales(run).tolist() == [0, 2]
    whole = build_schedule([np.concatenate([DIFFICULTIES[0], DIFFICULTIES[2]]), DIFFICULTIES[1]], [0, 1], num_stages=3)
    for schedule in (schedule_of(run, config), dry_run(run, config).schedule):
        assert (schedule.input_steps[:, 0] + schedule.input_steps[:, 1] == whole.input_steps[:, 0]).all()
        assert ((schedule.input_steps[:, 0] == 2) | (schedule.input_steps[:, 1] == 0)).all()
        assert (schedule.input_steps[:, 2] == whole.input_steps[:, 1]).all()
    table = robustness_of(run, config, noise=(0.25,), repeats=1)
    raw = table[table["assessment"] == "raw_nll"].iloc[0]  # one and a half times the difficulties
    assert raw["step_correlation"] == pytest.approx(1.0) and raw["schedule_agreement"] == pytest.approx(1.0)
