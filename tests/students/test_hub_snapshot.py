"""The hub's real client against a small hub on the loopback, each time in a process of its own.

The client reads its address and its cache's place once, when it is imported.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file

from kpod.students.hub_snapshot import find_gap
from tests.conftest import ROOT
from tests.support.hub_server import hub_server

pytestmark = pytest.mark.slow

RESOLVE = """
import json, sys
from kpod.errors import InputError
from kpod.students.checkpoint_source import resolve_student
messages = []
try:
    found = resolve_student(sys.argv[1], messages.append)
    print(json.dumps({"source": found.source, "folder": str(found.folder), "family": found.entry.family,
                      "messages": messages}))
except InputError as error:
    print(json.dumps({"error": str(error), "messages": messages}))
assert "torch" not in sys.modules
"""


@pytest.fixture
def resolve(tmp_path):
    """Resolve a name in a new process with an empty cache, the hub being at the given address."""

    def run(name: str, address: str, **environment: str) -> dict:
        settings = {
            "HF_ENDPOINT": address,
            "HF_HOME": str(tmp_path / "hub"),
            "KPOD_CACHE": str(tmp_path / "cache"),
        }
        settings |= {"HF_HUB_OFFLINE": "0", "PYTHONPATH": str(ROOT), "HF_HUB_DISABLE_XET": "1"}
        done = subprocess.run(
            [sys.executable, "-c", RESOLVE, name],
            env=os.environ | settings | environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    return run


def test_a_hub_id_is_downloaded_once_and_then_needs_no_network(resolve, tiny_llama_folder):
    with hub_server({"maker/tiny": tiny_llama_folder}) as (address, requests):
        first = resolve("maker/tiny", address)
        num_requests = len(requests)
        second = resolve("maker/tiny", address)
        assert len(requests) == num_requests > 0
    assert (first["source"], first["family"]) == ("hub", "decoder_only")
    assert first["messages"][0] == "asking the hub for maker/tiny"
    assert (second["source"], second["folder"]) == ("hub cache", first["folder"])
    assert len(second["messages"]) == 1 and "without a network attempt" in second["messages"][0]
    expected = load_file(tiny_llama_folder / "model.safetensors")
    assert all(
        torch.equal(tensor, expected[name])
        for name, tensor in load_file(f"{first['folder']}/model.safetensors").items()
    )


def test_smollm2_comes_from_the_hub_where_there_is_one(resolve, tiny_llama_folder):
    with hub_server({"HuggingFaceTB/SmolLM2-135M-Instruct": tiny_llama_folder}) as (address, _requests):
        found = resolve("smollm2-135m", address)
    assert found["source"] == "hub" and "downloaded from the hub" in found["messages"][-1]


def test_other_formats_of_the_weights_are_not_downloaded(resolve, tiny_llama_folder, tmp_path):
    served = shutil.copytree(tiny_llama_folder, tmp_path / "served")
    (served / "pytorch_model.bin").write_bytes(b"a pickle")
    with hub_server({"maker/tiny": served}) as (address, _requests):
        found = resolve("maker/tiny", address)
    assert not os.path.exists(f"{found['folder']}/pytorch_model.bin")


def test_a_repository_that_is_not_there_is_told_with_what_to_do(resolve):
    with hub_server({}) as (address, _requests):
        found = resolve("maker/tiny", address)
    assert "the hub has no model maker/tiny, or hides it from us" in found["error"]
    assert "Check its spelling" in found["error"]


def test_a_gated_repository_names_the_way_in(resolve):
    with hub_server({}, gated={"maker/tiny"}) as (address, _requests):
        found = resolve("maker/tiny", address)
    assert "accept them on its page and log in" in found["error"]


def test_a_repository_without_weights_is_refused(resolve, tiny_llama_folder, tmp_path):
    served = shutil.copytree(tiny_llama_folder, tmp_path / "served")
    (served / "model.safetensors").unlink()
    with hub_server({"maker/tiny": served}) as (address, _requests):
        found = resolve("maker/tiny", address)
    assert "lacks weights" in found["error"]


def test_offline_the_hub_is_not_asked(resolve, tiny_llama_folder):
    with hub_server({"maker/tiny": tiny_llama_folder}) as (address, requests):
        found = resolve("maker/tiny", address, HF_HUB_OFFLINE="1")
        assert requests == []
    assert "HF_HUB_OFFLINE is set" in found["error"] and "give its folder" in found["error"]


def test_a_hub_that_never_answers_is_given_up(resolve):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        found = resolve("maker/tiny", f"http://127.0.0.1:{silent.getsockname()[1]}")
    assert "could not be reached" in found["error"]


def test_a_sharded_checkpoint_needs_every_shard(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    assert find_gap(tmp_path) == "a tokenizer"
    (tmp_path / "tokenizer.json").write_text("{}")
    assert find_gap(tmp_path) == "weights"
    shards = {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps({"weight_map": shards}))
    (tmp_path / shards["a"]).touch()
    assert find_gap(tmp_path) == shards["b"]
    (tmp_path / shards["b"]).touch()
    assert find_gap(tmp_path) is None
