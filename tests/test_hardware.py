"""The machine without torch: its GPUs as torch would number them, and the memory that a process can have."""

from __future__ import annotations

import pytest

from kpod import hardware
from kpod.hardware import Gpu, device_name, free_memory_bytes, gpus, visible_gpus

FOUND = [Gpu(0, "small", 8, 7), Gpu(1, "large", 80, 70), Gpu(2, "other", 40, 30)]


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        (None, ["small", "large", "other"]),
        ("2,0", ["other", "small"]),
        ("1", ["large"]),
        ("", []),
        ("-1", []),
        ("1,-1,0", ["large"]),  # as CUDA reads it: what stands after a number that there is not, does not count
    ],
)
def test_the_gpus_that_are_visible_are_numbered_anew(wanted, names):
    found = visible_gpus(FOUND, wanted)
    assert [gpu.name for gpu in found] == names and [gpu.index for gpu in found] == list(range(len(names)))


def tool(folder, text):
    """An `nvidia-smi` that prints `text`."""
    path = folder / "nvidia-smi"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def test_gpus_are_read_from_the_tool(tmp_path, monkeypatch):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert gpus() == [] and device_name("auto") == "cpu"
    tool(tmp_path, "echo '0, NVIDIA X, 81559, 80000'; echo '1, NVIDIA Y, 100, 50'")
    assert gpus() == [Gpu(0, "NVIDIA X", 81559 << 20, 80000 << 20), Gpu(1, "NVIDIA Y", 100 << 20, 50 << 20)]
    assert [device_name(name) for name in ("auto", "cuda", "cuda:1", "cpu")] == ["cuda:0", "cuda:0", "cuda:1", "cpu"]
    tool(tmp_path, "echo broken driver; exit 9")
    assert gpus() == []


def test_the_limit_of_a_container_counts(tmp_path, monkeypatch):
    monkeypatch.setattr(hardware, "CGROUP", tmp_path)
    whole = free_memory_bytes()
    assert whole > 1e8
    for name, text in (("memory.max", "1000"), ("memory.current", "700"), ("memory.stat", "anon 1\ninactive_file 50")):
        (tmp_path / name).write_text(text)
    assert free_memory_bytes() == 350
    (tmp_path / "memory.max").write_text("max")
    assert free_memory_bytes() == pytest.approx(whole, rel=0.5)
