"""The GPUs, the cores, their instructions and the memory of this machine, without loading torch."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import psutil

QUERY = ["nvidia-smi", "--query-gpu=index,name,memory.total,memory.free", "--format=csv,noheader,nounits"]
CGROUP = Path("/sys/fs/cgroup")
CPUINFO = Path("/proc/cpuinfo")

CPU_BFLOAT16_FLAGS = frozenset({"amx_bf16", "avx512_bf16", "sve_bf16", "bf16"})
"""The last two are ARM's. Without one of them bfloat16 is emulated, at a third of float32's speed or less."""

NARROWEST_BFLOAT16 = 512
"""Width of a student from which bfloat16 pays on a CPU that has it. Measured on one core with avx512_bf16: a training
step of a frozen model of width 576 with an adapter takes 0.65 of float32's time, of one of width 144 1.12 of it."""


@dataclass(frozen=True)
class Gpu:
    """A GPU as torch numbers it, with its memory in bytes."""

    index: int
    name: str
    total_bytes: int
    free_bytes: int


def gpus() -> list[Gpu]:
    """The GPUs that this process may use, by NVIDIA's own tool; none where there is no such tool or it fails."""
    if shutil.which(QUERY[0]) is None:
        return []
    try:
        done = subprocess.run(QUERY, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return []
    found = []
    for line in done.stdout.splitlines():
        index, name, total, free = (part.strip() for part in line.split(",", 3))
        found.append(Gpu(int(index), name, int(total) << 20, int(free) << 20))
    return visible_gpus(found, os.environ.get("CUDA_VISIBLE_DEVICES"))


def visible_gpus(found: list[Gpu], wanted: str | None) -> list[Gpu]:
    """Those that CUDA_VISIBLE_DEVICES leaves, renumbered as it does; by number alone, anything else ends the list."""
    if wanted is None:
        return found
    by_index = {str(gpu.index): gpu for gpu in found}
    chosen: list[Gpu] = []
    for name in wanted.split(","):
        gpu = by_index.get(name.strip())
        if gpu is None:
            break
        chosen.append(Gpu(len(chosen), gpu.name, gpu.total_bytes, gpu.free_bytes))
    return chosen


def device_name(device: str) -> str:
    """`cpu` or `cuda:N`, for a `student.device` of auto, cpu, cuda or cuda:N."""
    if device == "auto":
        return "cuda:0" if gpus() else "cpu"
    return "cuda:0" if device == "cuda" else device


def read_cpu_flags(cpuinfo: Path) -> frozenset[str]:
    """The instruction sets of the first core; none are known where the system does not list them."""
    if not cpuinfo.is_file():
        return frozenset()
    for line in cpuinfo.read_text(encoding="utf-8").splitlines():
        key, _, value = line.partition(":")
        if key.strip() in ("flags", "Features"):
            return frozenset(value.split())
    return frozenset()


def is_bfloat16_chosen(device: str, width: int) -> bool:
    """Whether `student.dtype=auto` becomes bfloat16 for a student of that width; any GPU is taken to have it."""
    return device != "cpu" or (width >= NARROWEST_BFLOAT16 and bool(CPU_BFLOAT16_FLAGS & read_cpu_flags(CPUINFO)))


def usable_cores() -> int:
    """The cores that this process may use, which can be fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def free_memory_bytes() -> int:
    """Memory that a new process can have: what the system says is available, within this container's limit."""
    available = psutil.virtual_memory().available
    limit, used = _number(CGROUP / "memory.max"), _number(CGROUP / "memory.current")
    if limit is None or used is None:
        return available
    reclaimable = _statistic(CGROUP / "memory.stat", "inactive_file")
    return max(0, min(available, limit - used + reclaimable))


def _number(path: Path) -> int | None:
    """The number in a file; None where there is no file, or it says `max`."""
    text = path.read_text().strip() if path.is_file() else ""
    return int(text) if text.isdigit() else None


def _statistic(path: Path, name: str) -> int:
    if path.is_file():
        for line in path.read_text().splitlines():
            key, _, value = line.partition(" ")
            if key == name:
                return int(value)
    return 0
