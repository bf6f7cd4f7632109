"""Fingerprints of stages and hashes of files."""

from __future__ import annotations

import os

import pandas as pd
import pytest

from kpod.config import make_config
from kpod.run_store import StageRecord, create_run, now
from kpod.stage_cache import SAMPLED_BYTES, StageInputs, checkpoint_hash, fingerprints, is_current

A, B, C = (
    StageInputs("a", {"x": 1, "y": [1, None]}),
    StageInputs("b", {}, ("a",)),
    StageInputs("c", {}),
)


def changed(stages, before=(A, B, C)):
    old, new = fingerprints(before), fingerprints(stages)
    return {name for name in new if new[name] != old.get(name)}


def test_a_change_goes_to_all_that_depend_on_it_and_no_further():
    assert changed([A, B, C]) == set()
    assert changed([StageInputs("a", {"y": [1, None], "x": 1}), B, C]) == set()
    assert changed([StageInputs("a", {"x": 2, "y": [1, None]}), B, C]) == {"a", "b"}
    assert changed([A, StageInputs("b", {"x": 1}, ("a",)), C]) == {"b"}
    assert changed([A, B, StageInputs("c", {}, version=2)]) == {"c"}
    # What a stage writes is no input of it.
    assert changed([A, B, StageInputs("c", {}, outputs=(("tokens", None),), files=("f",), figures=("g",))]) == set()


def test_a_stage_that_is_left_out_counts_as_no_input():
    assert fingerprints([B])["b"] == fingerprints([StageInputs("b", {})])["b"] != fingerprints([A, B])["b"]


def test_a_stage_is_current_with_its_record_and_all_it_wrote(tmp_path):
    config = make_config({"name": "R", "data": {"source": "x"}, "student": {"name": "smollm2-135m"}})
    run = create_run(tmp_path / "run", config)
    stage = StageInputs(
        "weights", {}, outputs=(("weight_history", None), ("weight_history", "extra")), files=("f.bin",)
    )
    assert not is_current(run, stage, "print")
    run.update(stages={"weights": StageRecord("print", 1.0, 1, now())})
    assert not is_current(run, stage, "print")
    frame = pd.DataFrame({"epoch": [1], "question_index": [0], "position": [0], "weight": [0.5]})
    run.write_table("weight_history", frame)
    (run.folder / "f.bin").write_bytes(b"x")
    assert not is_current(run, stage, "print")
    run.write_table("weight_history", frame.assign(extra=1))
    assert is_current(run, stage, "print")
    assert not is_current(run, stage, "another")
    (run.folder / "f.bin").unlink()
    assert not is_current(run, stage, "print")


def flip(path, position):
    content = bytearray(path.read_bytes())
    content[position] ^= 1
    path.write_bytes(bytes(content))


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: flip(folder / "model.safetensors", 5),
        lambda folder: flip(folder / "model.safetensors", -5),
        lambda folder: flip(folder / "config.json", 0),
        lambda folder: (folder / "model.safetensors").rename(folder / "other.safetensors"),
        lambda folder: os.truncate(folder / "model.safetensors", 3 * SAMPLED_BYTES - 1),
        lambda folder: (folder / "tokenizer.json").write_text("{}"),
    ],
)
def test_a_checkpoint_with_other_weights_or_settings_has_another_hash(tmp_path, change):
    (tmp_path / "model.safetensors").write_bytes(bytes(3 * SAMPLED_BYTES))
    (tmp_path / "config.json").write_text("{ }")
    before = checkpoint_hash(tmp_path)
    (tmp_path / "README.md").write_text("not a part of it")
    assert checkpoint_hash(tmp_path) == before
    change(tmp_path)
    assert checkpoint_hash(tmp_path) != before
