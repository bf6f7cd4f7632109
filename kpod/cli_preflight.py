"""`run --dry-run`: the checks before a run and its estimate, as text."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from kpod.config import RunConfig
from kpod.preflight import Preflight, check
from kpod.preflight.estimate import Estimate
from kpod.progress import format_seconds

MARKS = {"error": ("error", "bold red"), "warning": ("warning", "yellow")}


def dry_run(config: RunConfig, console: Console, runs: Path | None = None) -> bool:
    """Print what stands in a run's way and what it will take; whether it may start."""
    result = check(config, runs=runs)
    print_preflight(result, console)
    return result.ok


def print_preflight(result: Preflight, console: Console) -> None:
    """Problems first, errors before warnings, then the estimate where there is one."""
    for problem in result.problems:
        word, style = MARKS[problem.severity]
        line = Text.assemble((f"{word}: ", style), f"{problem.setting}: {problem.what}")
        console.print(line.append(f" {problem.do}" if problem.do else ""))
    if result.estimates is not None:
        _print_estimate(result.estimates, console)
    if not result.problems:
        console.print("Nothing stands in the way of this run.")


def _print_estimate(found: Estimate, console: Console) -> None:
    table = Table("stage", "time", "between", box=None)
    for stage in found.stages:
        between = f"{format_seconds(stage.low)} and {format_seconds(stage.high)}"
        table.add_row(stage.stage, format_seconds(stage.seconds), between)
    total = f"{format_seconds(found.low_seconds)} and {format_seconds(found.high_seconds)}"
    table.add_row("all", format_seconds(found.seconds), total, style="bold")
    console.print(table)
    data = found.data
    lines = [
        f"time by {found.basis}",
        f"data: {data.questions:,} questions, {data.steps:,} steps, {data.rationale_tokens:,} tokens of rationales; "
        f"{data.evaluation_questions:,} questions to measure on",
        f"memory on {found.device}: {_gigabytes(found.memory_bytes)} to {_gigabytes(found.memory_high_bytes)}"
        + ("" if found.free_memory_bytes is None else f", {_gigabytes(found.free_memory_bytes)} free"),
        f"disk: {_gigabytes(found.disk_bytes)}, {_gigabytes(found.free_disk_bytes)} free",
    ]
    if found.download_bytes:
        lines.append(f"download: {_gigabytes(found.download_bytes)}")
    for line in lines:
        console.print(Text(line))


def _gigabytes(size: float) -> str:
    return f"{size / 1e9:.2f} GB"
