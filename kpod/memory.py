"""Peak memory: of this process, or of the GPU that it works on."""

from __future__ import annotations

import contextlib
import resource
import sys
from pathlib import Path
from typing import Any


def reset_peak_memory() -> None:
    """Forget the peak so far, where the system can (Linux); elsewhere peaks are those since the process began."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def peak_memory_on(device: Any) -> int:
    """The most memory in use so far where a torch device works: of the GPU, or of the process since the last reset."""
    if device.type != "cuda":
        return peak_memory_bytes()
    import torch

    return torch.cuda.max_memory_allocated(device)


def peak_memory_bytes() -> int:
    """The most resident memory since the last reset, in bytes."""
    status = Path("/proc/self/status")
    if status.is_file():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
