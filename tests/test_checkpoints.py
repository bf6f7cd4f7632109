"""Checkpoints: complete or absent, the last two kept, bit for bit what was saved."""

from __future__ import annotations

import os
import shutil

import pytest
import torch

from kpod.checkpoints import (
    delete_checkpoints,
    load_newest,
    optimizer_tensors,
    restore_optimizer,
    save_checkpoint,
)
from kpod.errors import InputError
from tests.support.small_disk import small_disk


def save(folder, step):
    save_checkpoint(folder, step, {"a": torch.full((3,), float(step))}, {"step": step})


def names(folder):
    return sorted(os.listdir(folder))


def test_what_is_saved_is_loaded(tmp_path):
    assert load_newest(tmp_path / "none") is None
    tensors = {"a": torch.randn(4, 3), "transposed": torch.randn(2, 5).T, "half": torch.randn(3).bfloat16()}
    save_checkpoint(tmp_path / "c", 7, tensors, {"step": 7, "price": {"alpha": 0.1, "gap": None}})
    found = load_newest(tmp_path / "c")
    assert found.values == {"step": 7, "price": {"alpha": 0.1, "gap": None}}
    assert set(found.tensors) == set(tensors)
    assert all(torch.equal(found.tensors[name], value) for name, value in tensors.items())


def test_the_last_two_are_kept_and_the_newest_is_loaded(tmp_path):
    for step in (5, 10, 100):
        save(tmp_path, step)
    assert names(tmp_path) == ["step-00000010", "step-00000100"]
    assert load_newest(tmp_path).values == {"step": 100}
    delete_checkpoints(tmp_path)
    assert load_newest(tmp_path) is None


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: (path / "values.json").write_text('{"st'),
        lambda path: (path / "values.json").write_bytes(b"\xff\xfe"),
        lambda path: (path / "values.json").unlink(),
        lambda path: (path / "tensors.safetensors").unlink(),
        lambda path: (path / "tensors.safetensors").write_bytes((path / "tensors.safetensors").read_bytes()[:-5]),
        lambda path: (path / "tensors.safetensors").write_bytes(b""),
    ],
)
def test_a_damaged_newest_falls_back_and_says_so(tmp_path, damage):
    save(tmp_path, 5)
    save(tmp_path, 10)
    damage(tmp_path / "step-00000010")
    said = []
    assert load_newest(tmp_path, said.append).values == {"step": 5}
    assert len(said) == 1 and "step-00000010 is damaged" in said[0] and "the one before" in said[0]
    # The damaged one must not push the good ones out.
    save(tmp_path, 6)
    assert names(tmp_path) == ["step-00000005", "step-00000006"]


def test_a_save_that_was_killed_is_absent(tmp_path):
    save(tmp_path, 5)
    shutil.copytree(tmp_path / "step-00000005", tmp_path / ".step-00000009.tmp")
    assert load_newest(tmp_path).values == {"step": 5}
    save(tmp_path, 9)
    assert names(tmp_path) == ["step-00000005", "step-00000009"]


def test_a_full_disk_leaves_the_one_before(tmp_path):
    save(tmp_path, 5)
    with (
        pytest.raises(InputError, match=r"Could not write the checkpoint of step 9 .*Free space there"),
        small_disk(1000),
    ):
        save_checkpoint(tmp_path, 9, {"a": torch.zeros(10_000)}, {"step": 9})
    assert names(tmp_path) == ["step-00000005"]
    assert load_newest(tmp_path).values == {"step": 5}


def test_an_optimizer_goes_on_bit_for_bit(tmp_path):
    def made():
        torch.manual_seed(0)
        model = torch.nn.Sequential(torch.nn.Linear(5, 7), torch.nn.Tanh(), torch.nn.Linear(7, 1))
        return model, torch.optim.AdamW(model.parameters(), lr=0.01, weight_decay=0.1)

    def train(model, optimizer, steps):
        for step in steps:
            inputs = torch.randn(8, 5, generator=torch.Generator().manual_seed(step))
            optimizer.zero_grad()
            model(inputs).square().mean().backward()
            optimizer.step()

    straight, optimizer = made()
    train(straight, optimizer, range(10))
    half, optimizer = made()
    train(half, optimizer, range(5))
    named = dict(half.named_parameters())
    tensors = {f"parameter.{name}": value for name, value in named.items()} | optimizer_tensors(optimizer, named)
    save_checkpoint(tmp_path, 5, tensors, {})

    resumed, optimizer = made()
    found = load_newest(tmp_path)
    named = dict(resumed.named_parameters())
    with torch.no_grad():
        for name, value in named.items():
            value.copy_(found.tensors[f"parameter.{name}"])
    restore_optimizer(optimizer, named, found.tensors)
    train(resumed, optimizer, range(5, 10))
    assert all(torch.equal(a, b) for a, b in zip(straight.parameters(), resumed.parameters(), strict=True))


def test_parameters_that_were_never_trained_have_no_state(tmp_path):
    used, unused = torch.nn.Parameter(torch.ones(2)), torch.nn.Parameter(torch.ones(2))
    optimizer = torch.optim.AdamW([used, unused])
    used.sum().backward()
    optimizer.step()
    tensors = optimizer_tensors(optimizer, ["used", "unused"])
    assert {name.split(".")[1] for name in tensors} == {"used"}
    other = torch.optim.AdamW([torch.nn.Parameter(torch.ones(2)), torch.nn.Parameter(torch.ones(2))])
    restore_optimizer(other, ["used", "unused"], tensors)
    assert len(other.state) == 1


def test_names_that_begin_alike_are_told_apart(tmp_path):
    parameters = [torch.nn.Parameter(torch.ones(1)), torch.nn.Parameter(torch.ones(1))]
    optimizer = torch.optim.AdamW(parameters)
    (2 * parameters[0] + 5 * parameters[1]).backward()
    optimizer.step()
    tensors = optimizer_tensors(optimizer, ["a", "a.b"])
    other = torch.optim.AdamW([torch.nn.Parameter(torch.ones(1)), torch.nn.Parameter(torch.ones(1))])
    restore_optimizer(other, ["a", "a.b"], tensors)
    first = next(iter(other.state.values()))
    assert set(first) == {"step", "exp_avg", "exp_avg_sq"}
