"""The shipped runs: whole, small, made by the preset as it is, and with what the small world lets one check."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kpod import presets
from kpod.run_store import TABLES, load_run
from kpod.step_difficulty import step_difficulties
from kpod.weight_validation.roc import auc

ASSETS = Path(__file__).parent.parent / "assets"
KEY_ROLES = ("number", "earlier", "operator", "result", "cue")
USELESS_ROLES = ("filler", "irrelevant")
FOLDERS = {"example_run": 0, "example_run_other_seed": 1}


@pytest.fixture(params=FOLDERS)
def shipped(request):
    return load_run(ASSETS / request.param)


def test_it_is_a_finished_run_of_the_preset(shipped):
    assert shipped.status == "finished" and not shipped.state.warnings
    assert shipped.config == presets.get("nano").model_copy(
        update={"seed": FOLDERS[shipped.folder.name], "name": shipped.name}
    )
    size = sum(path.stat().st_size for path in shipped.folder.rglob("*") if path.is_file())
    assert size < 10e6


def test_it_has_every_table_with_its_histories(shipped):
    for name, columns in TABLES.items():
        assert set(columns) <= set(shipped.table(name).columns), name
    config, tokens = shipped.config, shipped.tokens
    history = shipped.table("weight_history")
    assert sorted(history["epoch"].unique()) == list(range(1, config.weights.epochs + 1))
    last = history[history["epoch"] == config.weights.epochs].sort_values(["question_index", "position"])
    assert np.array_equal(last["weight"], tokens["weight"])
    epochs = sorted(shipped.table("difficulty_history")["epoch"].unique())
    assert epochs == list(range(config.distillation.epochs + 1))


def test_difficulties_follow_from_its_own_weights_and_losses(shipped):
    tokens, steps = shipped.tokens, shipped.steps
    for index in (0, 100, 599):
        own = tokens[tokens["question_index"] == index].sort_values("position")
        expected = step_difficulties(own["nll"].to_numpy(), own["weight"].to_numpy(), own["step"].to_numpy())
        found = steps[steps["question_index"] == index].sort_values("step")["difficulty"]
        assert found.to_numpy() == pytest.approx(expected, rel=1e-5)


def test_distillation_taught_what_the_base_student_cannot_do(shipped):
    accuracy = shipped.predictions.groupby("epoch")["correct"].agg(["mean", "size"])
    assert accuracy["size"].tolist() == [500, 500]
    assert accuracy["mean"].iloc[0] <= 0.15 and accuracy["mean"].iloc[1] >= 0.5


def test_its_weights_find_the_true_key_tokens(shipped):
    """Filler weighs least but for units and what has no role, which weigh as little: less than .003 apart."""
    tokens = shipped.tokens
    known = tokens[tokens["role"].isin(KEY_ROLES + USELESS_ROLES)]
    assert auc(known["weight"].to_numpy(), known["role"].isin(KEY_ROLES).to_numpy()) >= 0.9
    means = tokens.groupby("role", observed=True)["weight"].mean()
    assert means["result"] > 2 * means["number"] > 8 * means["filler"]
    assert means["filler"] <= means.min() + 0.003 and means["filler"] < means[["irrelevant", "cue", "operator"]].min()


def test_its_log_names_no_folder_of_the_machine_that_made_it(shipped):
    assert "(assets/nano)" in shipped.log() and "(/" not in shipped.log()
