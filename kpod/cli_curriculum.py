"""Commands about steps and the curriculum that need no model: `schedule`, `robustness`, `drivers` and `steps`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from kpod.artefacts import write_whole
from kpod.charts.curriculum import schedule_page
from kpod.cli_arguments import RunArgument, Settings, find_run
from kpod.cluster_names import cluster_names
from kpod.config import override
from kpod.run_curriculum import dry_run, robustness_of
from kpod.step_drivers import driver_table, step_drivers
from kpod.teacher import steps_of_files

PlotOption = Annotated[Path | None, typer.Option(metavar="FILE.html", help="Write the figures as one offline page.")]


def schedule(run: RunArgument, settings: Settings = None, plot: PlotOption = None) -> None:
    """Print the schedule that other settings would give a run's difficulties; nothing in the run changes."""
    opened = find_run(run)
    report = dry_run(opened, override(opened.config, settings or []))
    typer.echo(report.text)
    if plot is not None:
        title = f"{opened.name}: {', '.join(settings or ['its own settings'])}"
        page = schedule_page(report.schedule.stages_table(), title, cluster_names(opened))
        write_whole(plot, page.encode())
        typer.echo(f"Figures in {plot}", err=True)


def robustness(
    run: RunArgument,
    settings: Settings = None,
    repeats: Annotated[int, typer.Option(help="Repeats of every size of noise.", min=1)] = 3,
    csv: Annotated[Path | None, typer.Option(metavar="FILE.csv", help="Write the table too.")] = None,
) -> None:
    """Rebuild a run's schedule under noisy and rival assessments of difficulty, and print how far it moves."""
    opened = find_run(run)
    table = robustness_of(opened, override(opened.config, settings or []), repeats=repeats)
    typer.echo(table.to_string(index=False, float_format=lambda value: f"{value:.3f}"))
    if csv is not None:
        write_whole(csv, table.to_csv(index=False).encode())


def drivers(
    run: RunArgument,
    csv: Annotated[Path | None, typer.Option(metavar="FILE.csv", help="Write the table too.")] = None,
) -> None:
    """Print how a run's step difficulties go with what makes a step hard in the small world, where that is known."""
    table = driver_table(step_drivers(find_run(run)))
    typer.echo(table.to_string(index=False, float_format=lambda value: f"{value:.3f}", na_rep=""))
    if csv is not None:
        write_whole(csv, table.to_csv(index=False).encode())


def steps(files: Annotated[list[Path], typer.Argument(help="Files of questions with rationales.")]) -> None:
    """Print how many steps the rationales of files have, in both modes of splitting."""
    table = pd.DataFrame(steps_of_files(files))
    typer.echo(table.to_string(index=False, float_format=lambda value: f"{value:.2f}"))
