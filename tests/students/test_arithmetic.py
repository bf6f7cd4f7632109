from __future__ import annotations

import pytest
import torch

from kpod import hardware
from kpod.errors import InputError
from kpod.hardware import read_cpu_flags
from kpod.students.arithmetic import Hardware, choose_arithmetic, detect_hardware

PLAIN_CPU = Hardware(0, False, frozenset({"avx2", "avx512f"}))
BFLOAT16_CPU = Hardware(0, False, frozenset({"avx512f", "avx512_bf16"}))
TWO_GPUS = Hardware(2, True, frozenset())
OLD_GPU = Hardware(1, False, frozenset({"avx512_bf16"}))


@pytest.mark.parametrize(
    ("hardware", "device", "dtype", "said"),
    [
        (PLAIN_CPU, "cpu", torch.float32, "no bfloat16 instructions"),
        (BFLOAT16_CPU, "cpu", torch.bfloat16, "avx512_bf16"),
        (TWO_GPUS, "cuda:0", torch.bfloat16, "in hardware"),
        (OLD_GPU, "cuda:0", torch.float32, "no bfloat16 in hardware"),
    ],
)
def test_auto_takes_what_the_hardware_does_well(hardware, device, dtype, said):
    chosen = choose_arithmetic(hardware, width=576)
    assert (str(chosen.device), chosen.dtype) == (device, dtype) and said in chosen.reason


@pytest.mark.parametrize("width", [144, None])
def test_a_narrow_student_does_not_gain_by_bfloat16_on_a_cpu(width):
    chosen = choose_arithmetic(BFLOAT16_CPU, width=width)
    assert chosen.dtype == torch.float32 and "too narrow" in chosen.reason
    assert choose_arithmetic(TWO_GPUS, width=width).dtype == torch.bfloat16


def test_what_is_asked_for_is_given():
    chosen = choose_arithmetic(PLAIN_CPU, dtype="bfloat16")
    assert chosen.dtype == torch.bfloat16 and "as asked for" in chosen.reason
    assert str(choose_arithmetic(TWO_GPUS, device="cuda:1", dtype="float32").device) == "cuda:1"
    assert str(choose_arithmetic(TWO_GPUS, device="cuda").device) == "cuda:0"
    assert str(choose_arithmetic(TWO_GPUS, device="cpu").device) == "cpu"


@pytest.mark.parametrize(
    ("hardware", "device", "said"),
    [
        (PLAIN_CPU, "cuda", "sees 0 CUDA devices"),
        (TWO_GPUS, "cuda:2", "sees 2 CUDA devices"),
        (TWO_GPUS, "cuda:", "no device 'cuda:'"),
        (TWO_GPUS, "cuda:x", "no device 'cuda:x'"),
        (TWO_GPUS, "gpu", "no device 'gpu'; allowed"),
    ],
)
def test_a_device_that_is_not_there_is_refused(hardware, device, said):
    with pytest.raises(InputError, match=said):
        choose_arithmetic(hardware, device=device)


def test_an_unknown_format_is_refused():
    with pytest.raises(InputError, match="no number format 'float16'; allowed: auto, float32, bfloat16"):
        choose_arithmetic(PLAIN_CPU, dtype="float16")


def test_cpu_flags_are_read_from_the_systems_list(tmp_path):
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text("processor\t: 0\nmodel name\t: Some CPU\nflags\t\t: fpu avx2 amx_bf16\n\nprocessor\t: 1\n")
    assert read_cpu_flags(cpuinfo) == {"fpu", "avx2", "amx_bf16"}
    cpuinfo.write_text("processor\t: 0\nFeatures\t: fp asimd bf16\n")
    assert "bf16" in read_cpu_flags(cpuinfo)
    assert read_cpu_flags(tmp_path / "none") == frozenset()


def test_this_machine_can_be_looked_at():
    chosen = choose_arithmetic(detect_hardware())
    ones = torch.ones(2, 2, device=chosen.device, dtype=chosen.dtype)
    assert (ones @ ones).tolist() == [[2.0, 2.0], [2.0, 2.0]]


@pytest.mark.parametrize("flags", ["fpu avx2", "fpu avx512_bf16"])
@pytest.mark.parametrize("width", [0, 144, 512, 576])
@pytest.mark.parametrize("device", ["cpu", "cuda:0"])
def test_what_is_foreseen_without_torch_is_what_is_chosen(tmp_path, monkeypatch, device, width, flags):
    (tmp_path / "cpuinfo").write_text(f"flags\t: {flags}\n")
    monkeypatch.setattr(hardware, "CPUINFO", tmp_path / "cpuinfo")
    found = Hardware(1, True, read_cpu_flags(tmp_path / "cpuinfo"))
    chosen = choose_arithmetic(found, device=device, width=width).dtype
    assert hardware.is_bfloat16_chosen(device, width) == (chosen == torch.bfloat16)
