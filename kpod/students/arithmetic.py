"""Which device a student runs on and in which number format, and why."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from kpod.errors import InputError
from kpod.hardware import CPU_BFLOAT16_FLAGS, CPUINFO, NARROWEST_BFLOAT16, read_cpu_flags

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}


@dataclass(frozen=True)
class Hardware:
    """What the choice depends on."""

    num_cuda_devices: int
    cuda_has_bfloat16: bool
    cpu_flags: frozenset[str]


@dataclass(frozen=True)
class Arithmetic:
    device: torch.device
    dtype: torch.dtype
    reason: str


def detect_hardware() -> Hardware:
    num_cuda_devices = torch.cuda.device_count() if torch.cuda.is_available() else 0
    has_bfloat16 = num_cuda_devices > 0 and torch.cuda.is_bf16_supported(including_emulation=False)
    return Hardware(num_cuda_devices, has_bfloat16, read_cpu_flags(CPUINFO))


def choose_arithmetic(
    hardware: Hardware, *, device: str = "auto", dtype: str = "auto", width: int | None = None
) -> Arithmetic:
    """The device and format as asked for, or by what the hardware does well with a student of that `width`.

    `device` is auto, cpu, cuda or cuda:N; `dtype` is auto, float32 or bfloat16; `width` is the hidden size, None where
    it is not known. Raises InputError for a device that is not there, or any other word.
    """
    chosen = torch.device(_choose_device(hardware, device))
    if dtype in DTYPES:
        return Arithmetic(chosen, DTYPES[dtype], f"{dtype} on {chosen}, as asked for")
    if dtype != "auto":
        raise InputError(f"no number format {dtype!r}; allowed: auto, {', '.join(DTYPES)}")
    if chosen.type == "cuda":
        if hardware.cuda_has_bfloat16:
            return Arithmetic(chosen, torch.bfloat16, f"bfloat16 on {chosen}, which has it in hardware")
        return Arithmetic(chosen, torch.float32, f"float32 on {chosen}, which has no bfloat16 in hardware")
    fast = sorted(CPU_BFLOAT16_FLAGS & hardware.cpu_flags)
    if fast and (width or 0) < NARROWEST_BFLOAT16:
        return Arithmetic(chosen, torch.float32, "float32 on the CPU: the student is too narrow to gain by bfloat16")
    if fast:
        return Arithmetic(chosen, torch.bfloat16, f"bfloat16 on the CPU, which has {fast[0]}")
    return Arithmetic(chosen, torch.float32, "float32 on the CPU, which has no bfloat16 instructions")


def _choose_device(hardware: Hardware, device: str) -> str:
    if device == "auto":
        return "cuda:0" if hardware.num_cuda_devices else "cpu"
    kind, _, index = device.partition(":")
    if device == "cpu":
        return device
    if kind != "cuda" or (index and not index.isdecimal()) or device.endswith(":"):
        raise InputError(f"no device {device!r}; allowed: auto, cpu, cuda, cuda:N")
    if int(index or 0) >= hardware.num_cuda_devices:
        raise InputError(
            f"device {device} is not there: PyTorch sees {hardware.num_cuda_devices} CUDA devices. "
            "Take another index, cpu or auto"
        )
    return f"cuda:{int(index or 0)}"
