"""The commands `ablate` and `export-ablation`: methods under several seeds in one table, and what to publish of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kpod import methods
from kpod import presets as ready_made
from kpod.ablation_export import export_ablation as write_export
from kpod.ablation_markdown import tables_markdown
from kpod.ablation_processes import check_processes
from kpod.ablation_store import load_ablation
from kpod.ablation_variations import parse_variation
from kpod.artefacts import write_whole
from kpod.cli_arguments import Settings
from kpod.config import RunConfig, override
from kpod.errors import InputError
from kpod.run_store import new_folder

LIST = "Names with commas between"


def ablate(
    preset: Annotated[str | None, typer.Option(help="A ready-made configuration; see `presets`.")] = None,
    config: Annotated[Path | None, typer.Option(help="A YAML file of settings, such as a run's config.yaml.")] = None,
    resume: Annotated[Path | None, typer.Option(metavar="FOLDER", help="Go on with this ablation.")] = None,
    chosen: Annotated[
        str, typer.Option("--methods", metavar="A,B,...", help=f"{LIST}; of {', '.join(methods.METHODS)}.")
    ] = "plain,kpod",
    seeds: Annotated[int, typer.Option(help="How many seeds, from the configuration's own on.", min=1)] = 3,
    settings: Settings = None,
    vary: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=A,B,...",
            help="Run all of it for every value of a setting, or of an option of the small world, as in "
            "small_world.filler_share=0,0.5,1. Several: one setting at a time.",
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="FOLDER", help="A new folder for the runs and tables.")] = None,
    equal: Annotated[
        str, typer.Option(help="What all methods get the same number of: epochs, or (supervised) tokens.")
    ] = "epochs",
    reference: Annotated[
        str | None, typer.Option(help="The method that others are compared with; none: plain, else the first.")
    ] = None,
    processes: Annotated[
        int,
        typer.Option(
            metavar="N", help="How many runs at a time, each in a process of its own with its share of the cores."
        ),
    ] = 1,
) -> None:
    """Run methods x seeds x values of settings, sharing every stage that is the same, and write one table of them."""
    given = [name for name, value in (("--preset", preset), ("--config", config), ("--resume", resume)) if value]
    if len(given) != 1:
        raise InputError(f"Give exactly one of --preset, --config and --resume; got {' and '.join(given) or 'none'}.")
    from kpod.ablation import run_ablation, start_ablation

    check_processes(processes)
    if resume is not None:
        if out is not None or settings or vary:
            raise InputError(
                "An ablation goes on as it was started, in its folder. Leave --out, --set and --vary away."
            )
        ablation = load_ablation(resume)
    else:
        start = RunConfig.from_file(config) if config is not None else ready_made.get(preset or "")
        start = override(start, settings or [])
        names = [name.strip() for name in chosen.split(",") if name.strip()]
        folder = out or new_folder(start.model_copy(update={"name": f"{start.name} ablation"[:120]}))
        numbers = [start.seed + number for number in range(seeds)]
        variations = [parse_variation(text) for text in vary or []]
        ablation = start_ablation(
            folder, start, names, numbers, reference=reference, equal=equal, variations=variations
        )
    typer.echo(f"Ablation {ablation.name!r} in {ablation.folder}", err=True)
    try:
        run_ablation(ablation, processes=processes)
    finally:
        if (ablation.folder / "table.md").is_file():
            typer.echo((ablation.folder / "table.md").read_text(encoding="utf-8"))


def export_ablation(
    folder: Annotated[Path, typer.Argument(metavar="ABLATION", help="An ablation's folder.")],
    out: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="A new folder for its tables without its runs, to ship.")
    ] = None,
    figure: Annotated[Path | None, typer.Option(metavar="FILE.svg", help="Draw the accuracies of its methods.")] = None,
    steps_figure: Annotated[
        Path | None, typer.Option(metavar="FILE.svg", help="Draw them by the number of steps that questions take.")
    ] = None,
    note: Annotated[str, typer.Option(help="With --out: what its readers should know, shown with it.")] = "",
) -> None:
    """Print an ablation's tables in Markdown; write them without its runs, and its figures as SVG."""
    ablation = load_ablation(folder)
    summary, by_steps = ablation.table("summary"), ablation.table("by_steps")
    if steps_figure is not None and not len(by_steps):
        raise InputError("The evaluation questions do not say how many steps they take. Leave --steps-figure away.")
    for option, path in (("--figure", figure), ("--steps-figure", steps_figure)):
        if path is not None and path.suffix.lower() != ".svg":
            raise InputError(f"{option} is {path}; the figure is drawn as .svg.")
    for path, table in ((figure, summary), (steps_figure, by_steps)):
        if path is not None:
            from kpod.charts.ablation_svg import accuracy_svg

            write_whole(path, accuracy_svg(table, summary).encode())
            typer.echo(f"Figure in {path} ({path.stat().st_size / 1e3:,.1f} kB)", err=True)
    if out is not None:
        shipped = write_export(ablation, out, note)
        size = sum(path.stat().st_size for path in shipped.folder.iterdir())
        typer.echo(f"Ablation {shipped.name!r} without its runs in {shipped.folder} ({size / 1e3:,.1f} kB)", err=True)
    typer.echo(tables_markdown(summary, by_steps, ablation.table("departures"), ablation.table("results")))
