"""The command line: `python -m kpod`. Commands choose, call and print; torch loads only where a run is made."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from kpod import methods
from kpod import presets as ready_made
from kpod.cli_ablate import ablate, export_ablation
from kpod.cli_archive import export, import_
from kpod.cli_arguments import RunArgument, Settings, accuracy_text, find_run
from kpod.cli_curriculum import drivers, robustness, schedule, steps
from kpod.cli_data import check, data
from kpod.cli_evaluate import evaluate
from kpod.cli_preflight import dry_run
from kpod.cli_teach import teach
from kpod.cli_weights import stability, validate_weights, weigh
from kpod.config import RunConfig, load_config, override
from kpod.errors import InputError, RunCancelled
from kpod.jobs import run_in_queue
from kpod.progress import Reporter, format_seconds
from kpod.run_store import Run, create_run, list_runs, load_run, new_folder, runs_folder

CANCELLED_EXIT = 130  # what a shell reports of a command that Ctrl-C ended

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="KPOD Studio: keypoint-based progressive chain-of-thought distillation.",
)


@app.command()
def run(
    preset: Annotated[str | None, typer.Option(help="A ready-made configuration; see `presets`.")] = None,
    config: Annotated[Path | None, typer.Option(help="A YAML file of settings, such as a run's config.yaml.")] = None,
    resume: Annotated[Path | None, typer.Option(metavar="RUN_FOLDER", help="Continue this run.")] = None,
    settings: Settings = None,
    out: Annotated[Path | None, typer.Option(metavar="RUN_FOLDER", help="A new folder for the run.")] = None,
    queue: Annotated[bool, typer.Option("--queue", help="Wait until the device is free of queued runs.")] = False,
    dry: Annotated[bool, typer.Option("--dry-run", help="Only check it, and estimate time, memory and disk.")] = False,
) -> None:
    """Run a distillation, or continue one; every stage that is up to date is skipped."""
    if dry:
        wanted, remarks = _wanted(preset, config, resume, settings or [])
        for remark in remarks:
            typer.echo(remark, err=True)
        beside = out or resume
        if not dry_run(wanted, _console(), beside.parent if beside else None):
            raise typer.Exit(1)
        return
    with _together() as leads:
        if leads:
            _run(_opened_run(preset, config, resume, settings or [], out), queue)


@contextmanager
def _together() -> Iterator[bool]:
    """With the processes that torchrun or accelerate started beside this one: whether it is the one that does the run.

    Alone it is.
    """
    if int(os.environ.get("WORLD_SIZE", 1)) == 1:
        yield True
        return
    from kpod.parallel_run import joined

    with joined() as leads:
        yield leads


def _run(opened: Run, queue: bool) -> None:
    typer.echo(f"Run {opened.name!r} in {opened.folder}", err=True)
    if queue:
        run_in_queue(opened)
    else:
        from kpod.pipeline import run_pipeline

        run_pipeline(opened)
    _print_summary(opened)


@app.command()
def presets(name: Annotated[str | None, typer.Argument(help="Print this preset as YAML.")] = None) -> None:
    """List the ready-made configurations, or print one as YAML."""
    if name is not None:
        typer.echo(ready_made.get(name).to_yaml(), nl=False)
        return
    table = Table("preset", "what", box=None)
    for key, make in ready_made.PRESETS.items():
        table.add_row(key, (make.__doc__ or "").strip())
    _console().print(table)


@app.command()
def runs(folder: Annotated[Path | None, typer.Argument(help="Where to look; none: the runs folder.")] = None) -> None:
    """List the runs of a folder, newest first."""
    found = list_runs(folder)
    if not found:
        typer.echo(f"No runs in {folder or runs_folder()}. Start one with: python -m kpod run --preset example")
        return
    table = Table("name", "status", "method", "questions", "accuracy", "created", box=None)
    table.add_column("folder", overflow="fold")
    for each in found:
        summary = each.state.summary
        table.add_row(
            _shown(each.name),
            each.status,
            each.config.method,
            str(summary.get("questions", "")),
            accuracy_text(summary.get("accuracy")),
            each.state.created_at,
            _shown(each.folder),
        )
    _console().print(table)


@app.command()
def show(run: RunArgument) -> None:
    """Show a run: its status, its stages with time and memory, and its results."""
    _print_summary(find_run(run))


class Printed(Reporter):
    """Log lines on the terminal."""

    def log(self, message: str) -> None:
        typer.echo(message, err=True)


@app.command()
def pretrain_nano(
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="Where the checkpoint and its card go.")] = Path("nano"),
    seed: Annotated[int, typer.Option(help="Of the lessons and the weights.", min=0)] = 0,
    lessons: Annotated[int, typer.Option(help="Length of the course.", min=1000)] = 140_000,
) -> None:
    """Pre-train the small world's own student from nothing, or go on with it, and write it with its card."""
    from kpod.nano_scores import make_nano
    from kpod.students.nano_pretraining import NanoOptions

    make_nano(
        out, out.with_name(f"{out.name}-checkpoints"), NanoOptions(seed=seed, lessons=lessons), reporter=Printed()
    )


for command in (ablate, export_ablation, evaluate, schedule, robustness, drivers, steps, data, check, teach, export):
    app.command()(command)
for command in (weigh, validate_weights, stability):
    app.command()(command)
app.command("import")(import_)


def main() -> None:
    """Run a command; a user's mistake prints its message alone, and ends with exit status 2."""
    try:
        app()
    except InputError as error:
        typer.echo(f"Error: {error}", err=True)
        sys.exit(2)
    except RunCancelled as stop:
        typer.echo(str(stop), err=True)
        sys.exit(CANCELLED_EXIT)


def _opened_run(
    preset: str | None, config: Path | None, resume: Path | None, settings: list[str], out: Path | None
) -> Run:
    if resume is not None and out is not None:
        raise InputError("--out names a new folder; a resumed run stays in its own. Leave --out away.")
    chosen, remarks = _wanted(preset, config, resume, settings)
    methods.get(chosen.method)  # an unknown one is told before a folder is made for it
    opened = load_run(resume) if resume is not None else create_run(out or new_folder(chosen), chosen)
    opened.config, opened.remarks = chosen, remarks  # the run's log tells the remarks
    return opened


def _wanted(
    preset: str | None, config: Path | None, resume: Path | None, settings: list[str]
) -> tuple[RunConfig, tuple[str, ...]]:
    """The configuration that the options ask for, and what of its file was of an older version."""
    given = [name for name, value in (("--preset", preset), ("--config", config), ("--resume", resume)) if value]
    if len(given) != 1:
        raise InputError(f"Give exactly one of --preset, --config and --resume; got {' and '.join(given) or 'none'}.")
    if resume is not None:
        opened = load_run(resume)
        start, remarks = opened.config, opened.remarks
    elif config is not None:
        start, remarks = load_config(config)
    else:
        start, remarks = ready_made.get(preset or ""), ()
    return override(start, settings), remarks


def _print_summary(run: Run) -> None:
    console, state = _console(), run.state
    head = f"[bold]{_shown(run.name)}[/bold]  {run.status}, method {run.config.method}, {_shown(run.folder)}"
    console.print(head, highlight=False)
    if state.stages:
        table = Table("stage", "time", "peak memory", "finished", box=None)
        for name, record in state.stages.items():
            table.add_row(
                name, format_seconds(record.seconds), f"{record.peak_memory_bytes / 1e9:.2f} GB", record.finished_at
            )
        console.print(table)
    if "cluster_terms" in state.summary:
        apart = state.summary.get("silhouette")
        console.print(f"clusters (silhouette {'undefined' if apart is None else f'{apart:.3f}'}):", highlight=False)
        for number, terms in enumerate(state.summary["cluster_terms"]):
            console.print(f"  {number}: {_shown(', '.join(terms))}", highlight=False)
    for key, label in (("base_accuracy", "base student"), ("accuracy", "distilled")):
        by_set = state.summary.get(f"{key}_by_set") or {}
        for name, figures in by_set.items() or [("", state.summary.get(key))]:
            if figures is not None:
                cut = f", {figures['cut']} cut at the longest output" if figures.get("cut") else ""
                told = f"{accuracy_text(figures)}, {figures['no_answer']} without an answer{cut}"
                console.print(f"{label}{name and f' on {_shown(name)}'}: {told}", highlight=False)
    for warning in state.warnings:
        console.print(f"[yellow]warning:[/yellow] {_shown(warning)}", highlight=False)
    if state.error:
        console.print(f"failed: {_shown(state.error)}", highlight=False)


def _shown(text: object) -> str:
    """A text of anybody's as it may be printed: no markup of ours, and no control character of a terminal."""
    return escape(
        "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in str(text))
    )


def _console() -> Console:
    """Lines are never cut: into a file or pipe a table is as wide as it needs."""
    return Console(soft_wrap=True, width=None if sys.stdout.isatty() else 1000)
