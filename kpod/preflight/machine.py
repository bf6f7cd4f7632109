"""How fast this machine multiplies matrices: measured once for each device, and kept in the user's cache. No torch."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
import time

import numpy as np
import psutil

from kpod.artefacts import write_whole
from kpod.students.checkpoint_cache import cache_root

FILE = "machine_rates.json"
SIZE = 1024
TRIES = 5
GPU_SECONDS = 120
GPU_SCRIPT = """
import sys, time, torch
device = torch.device(sys.argv[1])
a = torch.randn(8192, 8192, device=device, dtype=torch.bfloat16)
best = float("inf")
for _ in range(6):
    torch.cuda.synchronize(device)
    start = time.perf_counter()
    a @ a
    torch.cuda.synchronize(device)
    best = min(best, time.perf_counter() - start)
print(2 * 8192**3 / best)
"""


def machine_rate(device: str) -> float | None:
    """Floating-point operations a second of a large matrix product on `cpu` or `cuda:N`; None where none can be had."""
    key = f"{platform.node()} {psutil.cpu_count()} {device}"
    path = cache_root() / FILE
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        known = {}
    if isinstance(known, dict) and isinstance(known.get(key), int | float):
        return float(known[key])
    rate = measure_cpu() if device == "cpu" else _measure_gpu(device)
    if rate is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, json.dumps((known if isinstance(known, dict) else {}) | {key: rate}).encode())
    return rate


def measure_cpu() -> float:
    """The best of a few products of two 1024 x 1024 matrices in float32: a tenth of a second."""
    generator = np.random.default_rng(0)
    a = generator.standard_normal((SIZE, SIZE), dtype=np.float32)
    best = float("inf")
    for _ in range(TRIES):
        start = time.perf_counter()
        a @ a
        best = min(best, time.perf_counter() - start)
    return 2 * SIZE**3 / best


def _measure_gpu(device: str) -> float | None:
    """In a process of its own, which loads torch; the page's process does not."""
    command = [sys.executable, "-c", GPU_SCRIPT, device]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=GPU_SECONDS, check=True)
        return float(done.stdout)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
