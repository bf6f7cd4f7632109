"""What a run will take: time by stage from a measured rate, memory and disk, beside what this machine has. No torch."""

from __future__ import annotations

import shutil
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kpod.config import RunConfig
from kpod.hardware import device_name, free_memory_bytes, gpus, is_bfloat16_chosen
from kpod.preflight.data import DataFigures
from kpod.preflight.machine import machine_rate
from kpod.preflight.rates import StageRate, measured_memory, measured_rates
from kpod.preflight.student import StudentFigures
from kpod.preflight.work import (
    UNKNOWN_STUDENT_PARAMETERS,
    disk_bytes,
    fixed_bytes,
    model_work,
    other_seconds,
    working_bytes,
)
from kpod.run_store import Run

ORDER = (
    "prepare", "evaluation set", "cluster", "map", "weights", "losses", "difficulty", "schedule", "evaluate base",
    "distill", "evaluate",
)  # fmt: skip
EFFICIENCY = {"weights": 0.35, "losses": 0.5, "evaluate base": 0.22, "distill": 0.4, "evaluate": 0.2}
"""Shares of the rate of a large matrix product that SmolLM2-135M's stages reached on two cores."""
SPREAD = {"same": (0.6, 1.7), "other": (0.4, 2.5), "machine": (0.4, 3.0)}
"""From the low to the high end of the range, by what the rate was measured on."""
MEMORY_HIGH = {"measured": 1.15, "formula": 1.4}  # times the working part


@dataclass(frozen=True)
class StageTime:
    """Seconds of a stage, with the ends of their range."""

    stage: str
    seconds: float
    low: float
    high: float


@dataclass(frozen=True)
class Estimate:
    """What a run will take. `basis`: what the time was measured on. Memory is the process's peak, on `device`.

    `download_bytes`: of the student's checkpoint, into the user's cache.
    """

    device: str
    data: DataFigures
    stages: tuple[StageTime, ...]
    basis: str
    memory_bytes: float
    memory_high_bytes: float
    free_memory_bytes: int | None
    disk_bytes: float
    free_disk_bytes: int
    download_bytes: int

    @property
    def seconds(self) -> float:
        return sum(stage.seconds for stage in self.stages)

    @property
    def low_seconds(self) -> float:
        return sum(stage.low for stage in self.stages)

    @property
    def high_seconds(self) -> float:
        return sum(stage.high for stage in self.stages)


def estimate(
    config: RunConfig, data: DataFigures, student: StudentFigures, runs: Sequence[Run], folder: Path
) -> Estimate:
    """The estimate of a run whose folder is to be in `folder`; `runs` are those to learn rates from."""
    device = device_name(config.student.device)
    stages, basis = times_of(config, data, student, device, runs)
    low, high = _memory(config, data, student, device, runs)
    there = next(parent for parent in (folder, *folder.resolve().parents) if parent.is_dir())
    return Estimate(
        device=device,
        data=data,
        stages=stages,
        basis=basis,
        memory_bytes=low,
        memory_high_bytes=high,
        free_memory_bytes=_free_memory(device),
        disk_bytes=disk_bytes(config, data, student),
        free_disk_bytes=shutil.disk_usage(there).free,
        download_bytes=student.download_bytes,
    )


def times_of(
    config: RunConfig, data: DataFigures, student: StudentFigures, device: str, runs: Sequence[Run]
) -> tuple[tuple[StageTime, ...], str]:
    """The time of every stage that the configuration needs, in order, and what it was measured on, in words."""
    size = float(student.num_parameters or UNKNOWN_STUDENT_PARAMETERS) * student.share_a_token
    rates = measured_rates(config.student.name, size, device, runs)
    times = {stage: (seconds, "same") for stage, seconds in other_seconds(config, data).items()}
    names: dict[str, set[str]] = {"same": set(), "other": set(), "machine": set()}
    for stage, work in model_work(config, data, size).items():
        kind, chosen = _best(rates.get(stage, []))
        if chosen:
            rate = statistics.median(each.rate for each in chosen)
            names[kind] |= {each.run for each in chosen}
        else:
            rate = (machine_rate(device) or machine_rate("cpu") or 1e10) * EFFICIENCY[stage]
            names[kind].add(f"{rate / EFFICIENCY[stage] / 1e9:.0f} GFLOP/s")
        times[stage] = (work / rate, kind)
    stages = tuple(
        StageTime(stage, seconds, seconds * SPREAD[kind][0], seconds * SPREAD[kind][1])
        for stage in ORDER
        if stage in times
        for seconds, kind in [times[stage]]
    )
    return stages, _basis(names)


def _best(rates: Sequence[StageRate]) -> tuple[str, list[StageRate]]:
    same = [rate for rate in rates if rate.same_student]
    if same:
        return "same", same
    return ("other", list(rates)) if rates else ("machine", [])


def _basis(names: dict[str, set[str]]) -> str:
    parts = []
    if names["same"]:
        parts.append(f"earlier runs of this student here ({', '.join(sorted(names['same'])[:3])})")
    if names["other"]:
        parts.append(f"earlier runs of students of similar size here ({', '.join(sorted(names['other'])[:3])})")
    if names["machine"]:
        parts.append(f"this machine's rate in a matrix product ({', '.join(sorted(names['machine']))})")
    return "; ".join(parts)


def _memory(
    config: RunConfig, data: DataFigures, student: StudentFigures, device: str, runs: Sequence[Run]
) -> tuple[float, float]:
    """The likely peak, and the high end of its range."""
    dtype = config.student.dtype
    is_narrow = dtype == "bfloat16" or (dtype == "auto" and is_bfloat16_chosen(device, student.width))
    bytes_a_weight = 2 if is_narrow else 4
    fixed = fixed_bytes(config, student, bytes_a_weight)
    share = measured_memory(student, bytes_a_weight, device, runs)
    worked = working_bytes(config, data, student) * (1.0 if share is None else share)
    return fixed + worked, fixed + worked * MEMORY_HIGH["formula" if share is None else "measured"]


def _free_memory(device: str) -> int | None:
    if device == "cpu":
        return free_memory_bytes()
    index = int(device.partition(":")[2])
    return next((gpu.free_bytes for gpu in gpus() if gpu.index == index), None)
